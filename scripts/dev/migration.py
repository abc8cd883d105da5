"""Write the next migration by comparing the models with a migrated database.

Usage: python scripts/dev/migration.py "add something"
"""

import sys
import tempfile
from pathlib import Path

from alembic import command

from backend.db.engine import Database
from backend.db.migrate import configuration, run


def main(message: str) -> None:
    """Autogenerate a revision against an empty SQLite file at the newest revision."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'empty.db'}")
        run(database.engine)
        with database.engine.begin() as connection:
            config = configuration()
            config.attributes["connection"] = connection
            versions = Path(config.get_main_option("script_location") or "") / "versions"
            number = len(list(versions.glob("*.py"))) + 1
            config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
            command.revision(config, message, autogenerate=True, rev_id=f"{number:04d}")
        database.dispose()


if __name__ == "__main__":
    main(sys.argv[1])
