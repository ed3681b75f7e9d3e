"""How raw columns become numbers, one file a column kind; ``encoder.py`` fits them all."""

from automl.features.base import Encoder
from automl.features.encoder import fit, learned_from

__all__ = ["Encoder", "fit", "learned_from"]
