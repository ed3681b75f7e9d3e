"""Averages of trees grown on drawn rows, by scikit-learn."""
