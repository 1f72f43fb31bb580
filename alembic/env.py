"""Runs migrations on the connection that `storage.migrations` hands over, or on DATABASE_URL for developers."""

import os
from typing import Any

from alembic import context

from storage import migrations
from storage.db import Base, Database, Utc


def render_item(kind: str, item: Any, _autogen: Any) -> str | bool:
    """Write our moment type as what the database keeps."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, Utc) else False


def run(connection: Any) -> None:
    """Migrate on a connection."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_item=render_item,
        render_as_batch=True,  # SQLite cannot alter most things in place
        compare_type=True,
        on_version_apply=context.config.attributes.get("on_version_apply"),
    )
    with context.begin_transaction():
        context.run_migrations()


migrations.import_tables()
given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    with Database(os.environ.get("DATABASE_URL", "sqlite:///needline.db")).engine.connect() as own:
        run(own)
