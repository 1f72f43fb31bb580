"""indexes in order

Without the number in them SQLite took the primary key instead, for its order, and looked through a whole workspace.

Revision: 0006, after: 0005
"""

from alembic import op


revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('feedback', schema=None) as batch_op:
        batch_op.drop_index('ix_feedback_team_id_requirement')
        batch_op.create_index('ix_feedback_team_id_requirement_number', ['team_id', 'requirement', 'number'])

    with op.batch_alter_table('questions', schema=None) as batch_op:
        batch_op.drop_index('ix_questions_team_id_feedback')
        batch_op.create_index('ix_questions_team_id_feedback_number', ['team_id', 'feedback', 'number'])


def downgrade() -> None:
    with op.batch_alter_table('questions', schema=None) as batch_op:
        batch_op.drop_index('ix_questions_team_id_feedback_number')
        batch_op.create_index('ix_questions_team_id_feedback', ['team_id', 'feedback'])

    with op.batch_alter_table('feedback', schema=None) as batch_op:
        batch_op.drop_index('ix_feedback_team_id_requirement_number')
        batch_op.create_index('ix_feedback_team_id_requirement', ['team_id', 'requirement'])
