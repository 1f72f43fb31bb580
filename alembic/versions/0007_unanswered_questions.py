"""unanswered questions

What waits for an answer is found among what waits, not among all that was ever asked.

Revision: 0007, after: 0006
"""

import sqlalchemy as sa
from alembic import op


revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('questions', schema=None) as batch_op:
        batch_op.create_index(
            'ix_questions_unanswered',
            ['team_id', 'number'],
            sqlite_where=sa.text('answer IS NULL'),
            postgresql_where=sa.text('answer IS NULL'),
        )


def downgrade() -> None:
    with op.batch_alter_table('questions', schema=None) as batch_op:
        batch_op.drop_index(
            'ix_questions_unanswered',
            sqlite_where=sa.text('answer IS NULL'),
            postgresql_where=sa.text('answer IS NULL'),
        )
