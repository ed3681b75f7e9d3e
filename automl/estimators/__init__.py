"""AutoML as scikit-learn knows it: ``fit``, ``predict``, ``score``, in pipelines and searches.

    from automl import AutoMLClassifier
    model = AutoMLClassifier(budget="1m").fit(X, y)
    model.predict(X); model.leaderboard_; model.save("model.onnx")

The study runs in this process, as ``automl fit`` runs it, or on a service where a ``url`` is given.
"""

from automl.estimators.estimator import AutoMLClassifier, AutoMLRegressor

__all__ = ["AutoMLClassifier", "AutoMLRegressor"]
