"""Recurrent network: LSTM or GRU cells that read a series or a text step by step."""
