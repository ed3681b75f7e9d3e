"""Densely connected network: every layer sees what all before it made."""
