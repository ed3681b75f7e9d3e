"""From many out-of-fold predictions to one weighted set."""
