"""Convolutional network: layers that look at neighbouring places, and pooling between them."""
