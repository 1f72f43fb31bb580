import warnings
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from storage import migrations
from storage.db import Base, Database


def config() -> Config:
    found = Config()
    found.set_main_option("script_location", str(migrations.FOLDER))
    return found


def test_there_is_one_head_and_the_code_names_it() -> None:
    assert ScriptDirectory.from_config(config()).get_heads() == [migrations.HEAD]


def test_an_empty_database_is_migrated_to_exactly_our_tables(empty_database: Database) -> None:
    migrations.upgrade(empty_database)
    assert migrations.revision(empty_database) == migrations.HEAD
    migrations.import_tables()
    tables = set(inspect(empty_database.engine).get_table_names())
    assert tables == {*Base.metadata.tables, "alembic_version"}


def test_the_migrations_make_what_the_models_say(empty_database: Database) -> None:
    migrations.upgrade(empty_database)
    with empty_database.engine.connect() as connection, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # alembic's own, about expression indexes it cannot compare
        checked = config()
        checked.attributes["connection"] = connection
        command.check(checked)


def test_downgrading_leaves_nothing_and_upgrading_again_works(empty_database: Database) -> None:
    migrations.upgrade(empty_database)
    with empty_database.engine.begin() as connection:
        back = config()
        back.attributes["connection"] = connection
        command.downgrade(back, "base")
    assert migrations.revision(empty_database) is None
    migrations.upgrade(empty_database)


def test_an_unmigrated_database_says_what_to_do(empty_database: Database) -> None:
    with pytest.raises(migrations.NotMigratedError, match="needline migrate"):
        migrations.check(empty_database)


def test_every_primary_key_is_led_by_the_workspace() -> None:
    migrations.import_tables()
    for table in Base.metadata.tables.values():
        assert next(iter(table.primary_key.columns)).name == "team_id", table.name


def test_the_alembic_folder_is_no_package() -> None:
    assert not Path(migrations.FOLDER, "__init__.py").exists()


def test_who_looks_on_hears_of_each_revision(empty_database: Database) -> None:
    heard: list[tuple[int, int]] = []
    migrations.upgrade(empty_database, lambda done, total: heard.append((done, total)))
    revisions = len(list(ScriptDirectory.from_config(config()).walk_revisions()))
    assert heard == [(done, revisions) for done in range(1, revisions + 1)]
