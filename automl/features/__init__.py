"""How raw columns become numbers, one file a column kind; ``encoder.py`` fits them all."""

from automl.features.encoder import Encoder, fit, load

__all__ = ["Encoder", "fit", "load"]
