"""From a file to columns: read, profile, split. Standard library, numpy and pyarrow only."""
