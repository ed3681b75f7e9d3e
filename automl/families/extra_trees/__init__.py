"""Averages of trees with thresholds drawn at random, by scikit-learn."""
