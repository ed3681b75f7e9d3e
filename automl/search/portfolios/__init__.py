"""What is tried first of data that is no plain table, a file each modality."""
