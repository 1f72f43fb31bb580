"""home

Revision: 0004, after: 0003
"""

import sqlalchemy as sa
from alembic import op


revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('homes',
    sa.Column('team_id', sa.String(length=20), nullable=False),
    sa.Column('user_id', sa.String(length=20), nullable=False),
    sa.Column('opened_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('news_since', sa.DateTime(timezone=True), nullable=True),
    sa.Column('show', sa.String(length=20), server_default='open', nullable=False),
    sa.Column('customer_id', sa.Integer(), nullable=True),
    sa.Column('page', sa.Integer(), server_default='1', nullable=False),
    sa.Column('hash', sa.String(length=100), nullable=True),
    sa.PrimaryKeyConstraint('team_id', 'user_id', name=op.f('pk_homes'))
    )
    with op.batch_alter_table('feedback', schema=None) as batch_op:
        batch_op.add_column(sa.Column('answered_at', sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('feedback', schema=None) as batch_op:
        batch_op.drop_column('answered_at')

    op.drop_table('homes')
