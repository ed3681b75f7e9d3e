"""Inception network: layers that look at stretches of several lengths at once."""
