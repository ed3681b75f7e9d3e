"""One tree that a person can read, by scikit-learn."""
