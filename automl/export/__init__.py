"""What a study hands out: the model file, its metadata, and the proof that it is right."""
