"""Transformer: attention between patches of arrays, or between the words of texts."""
