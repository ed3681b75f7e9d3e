"""Gradient boosted trees that ask the same at every node of a level, by CatBoost."""
