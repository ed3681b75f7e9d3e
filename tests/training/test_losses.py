import math

import pytest
import torch

from automl.core.catalog import TaskType
from automl.training.losses import Loss, measure, predictions, training


@pytest.mark.parametrize(
    ("loss", "expected"),
    [(Loss.MSE, (0.25 + 9.0) / 2), (Loss.MAE, 1.75), (Loss.HUBER, (0.125 + 2.5) / 2)],
)
def test_losses_of_values(loss: Loss, expected: float) -> None:
    outputs, targets = torch.tensor([[1.5], [0.0]]), torch.tensor([1.0, 3.0])
    assert measure(loss)(outputs, targets).item() == pytest.approx(expected)


def test_cross_entropy_of_even_logits() -> None:
    loss = measure(Loss.CROSS_ENTROPY)(torch.zeros(2, 5), torch.tensor([1, 4]))
    assert loss.item() == pytest.approx(math.log(5))


def test_smoothed_labels_and_weighted_classes() -> None:
    outputs, targets = torch.tensor([[2.0, 0.0], [2.0, 0.0]]), torch.tensor([0, 1])
    right, wrong = math.log1p(math.exp(-2)), math.log1p(math.exp(2))
    smooth = training(Loss.CROSS_ENTROPY, label_smoothing=0.2, weights=None)
    assert smooth(outputs[:1], targets[:1]).item() == pytest.approx(0.9 * right + 0.1 * wrong)
    weights = torch.tensor([1.0, 3.0])
    weighted = training(Loss.CROSS_ENTROPY, label_smoothing=0.0, weights=weights)
    assert weighted(outputs, targets).item() == pytest.approx((right + 3 * wrong) / 4)
    values = training(Loss.MSE, label_smoothing=0.2, weights=weights)
    assert values(torch.tensor([[1.0]]), torch.tensor([3.0])).item() == 4.0


def test_probabilities_stay_apart_where_float32_would_tie() -> None:
    logits = torch.tensor([[0.0, 40.0], [0.0, 41.0]])
    seen = predictions(TaskType.CLASSIFICATION, logits)
    assert seen.dtype is torch.float64
    assert torch.softmax(logits, dim=1)[0, 0] < 1e-16
    torch.testing.assert_close(seen.sum(dim=1), torch.ones(2, dtype=torch.float64))
    close = predictions(TaskType.CLASSIFICATION, torch.tensor([[0.0, 20.0], [0.0, 21.0]]))
    assert close[0, 1] < close[1, 1]


def test_values_pass_unchanged() -> None:
    assert predictions(TaskType.REGRESSION, torch.tensor([[1.5]])).tolist() == [[1.5]]
