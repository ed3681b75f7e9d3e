"""Convolutions over learned vectors of words, the strongest answer of each kept."""
