"""few of many

Questions that wait for an answer, and people who are away, are found among themselves, not among all there are.

Revision: 0007, after: 0006
"""

import sqlalchemy as sa
from alembic import op


revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None

UNANSWERED = sa.text('answer IS NULL')
AWAY = sa.text('back_on IS NOT NULL')


def upgrade() -> None:
    with op.batch_alter_table('questions', schema=None) as batch_op:
        batch_op.create_index(
            'ix_questions_unanswered', ['team_id', 'number'], sqlite_where=UNANSWERED, postgresql_where=UNANSWERED
        )
    with op.batch_alter_table('people', schema=None) as batch_op:
        batch_op.create_index('ix_people_away', ['team_id', 'back_on'], sqlite_where=AWAY, postgresql_where=AWAY)


def downgrade() -> None:
    with op.batch_alter_table('people', schema=None) as batch_op:
        batch_op.drop_index('ix_people_away', sqlite_where=AWAY, postgresql_where=AWAY)
    with op.batch_alter_table('questions', schema=None) as batch_op:
        batch_op.drop_index('ix_questions_unanswered', sqlite_where=UNANSWERED, postgresql_where=UNANSWERED)
