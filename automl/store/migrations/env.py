"""How Alembic runs here: on the connection that ``migrate.py`` holds its lock on."""

from alembic import context

from automl.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
)
context.run_migrations()
