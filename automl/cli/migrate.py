"""``automl migrate``: the database's schema, without starting anything."""

from automl.settings import Settings


def migrate() -> None:
    """Bring the database's schema to this version's; nothing happens where it is there."""
    from automl.bootstrap import start

    with start(Settings.from_environment()) as application:
        application.store.migrate()
