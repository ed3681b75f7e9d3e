"""One piece of work with the store in between: the only place that knows both sides.

A worker's child answers turns (ask), runs attempts (evaluate) and ends studies (finish). Whatever
goes wrong with a candidate becomes data on its row, never an exception that hurts the study.
"""

from automl.runner.runner import Runner

__all__ = ["Runner"]
