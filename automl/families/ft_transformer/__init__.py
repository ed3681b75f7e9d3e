"""FT-Transformer: a token for each column of a table, and attention between the tokens."""
