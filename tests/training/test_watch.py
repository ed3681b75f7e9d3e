import math

import pytest
import torch
from torch import nn

from automl.core.errors import TrialError
from automl.training.progress import Progress
from automl.training.vector import flatten
from automl.training.watch import Watch


def progress() -> Progress:
    network = nn.Linear(2, 1)
    return Progress(network, flatten(network), {}, steps=10, step=3, epoch=2)


def see(watch: Watch, loss: float, norm: float) -> None:
    watch.see(torch.tensor(loss), torch.tensor(norm), 0.5)


def test_an_epochs_numbers_are_means_over_its_steps() -> None:
    watch = Watch(progress())
    see(watch, 1.0, 4.0)
    see(watch, 3.0, 2.0)
    measured = watch.measured()
    assert (measured.loss, measured.gradient_norm, measured.learning_rate) == (2.0, 3.0, 0.5)


@pytest.mark.parametrize(
    ("loss", "norm"), [(math.nan, 1.0), (math.inf, 1.0), (1.0, math.nan), (1.0, 1e7)]
)
def test_divergence_is_seen_at_once(loss: float, norm: float) -> None:
    watch = Watch(progress())
    expected = r"epoch 2, at step 4.* learning rate of 0\.5\. .*such as 0\.05"
    with pytest.raises(TrialError, match=expected):
        see(watch, loss, norm)


def test_on_a_gpu_divergence_is_seen_before_an_epoch_is_judged() -> None:
    watch = Watch(progress())
    watch._every = 32
    see(watch, math.nan, 1.0)
    see(watch, 1.0, 1.0)
    with pytest.raises(TrialError, match="diverged"):
        watch.measured()
