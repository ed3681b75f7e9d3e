"""The multilayer perceptron: dense layers over the one-hot view of a table."""
