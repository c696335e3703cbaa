"""When the spend of a workspace is checked next, and what was checked last."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_COLUMNS = (
    ("check_due_at", sa.Float),
    ("check_queued_at", sa.Float),
    ("check_job", sa.String(length=64)),
    ("check_bills", sa.String(length=200)),
)


def upgrade() -> None:
    """Add the columns."""
    for name, kind in _COLUMNS:
        op.add_column("workspace", sa.Column(name, kind, nullable=True))


def downgrade() -> None:
    """Drop the columns."""
    with op.batch_alter_table("workspace", schema=None) as batch_op:
        for name, _ in reversed(_COLUMNS):
            batch_op.drop_column(name)
