"""The schema's history, one file a revision; ``automl/store/migrate.py`` runs them."""
