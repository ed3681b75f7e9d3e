"""The mean of learned vectors of words and of their runs, and a linear layer: as fastText does."""
