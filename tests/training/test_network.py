import numpy as np
import torch

from automl.core.state import nest, unnest
from automl.training import archive
from automl.training.fit import fit, load
from tests.training.folds import RECIPE, SmallNetwork, Watcher, classification, equal, regression


def test_a_stored_network_predicts_the_same_bits() -> None:
    fold, family = classification(), SmallNetwork()
    fitted = fit(family, {**RECIPE, "normalization": "batch"}, fold, Watcher())
    torch.manual_seed(123)
    before = torch.random.get_rng_state()
    stored = archive.pack(nest({"0": fitted.state()}))
    again = load(family, unnest(archive.unpack(stored))["0"])
    assert torch.equal(torch.random.get_rng_state(), before)
    assert again.predict(fold.valid.x).tobytes() == fitted.predict(fold.valid.x).tobytes()
    assert (again.parameters, again.epochs) == (fitted.parameters, fitted.epochs)
    assert equal(again.state(), fitted.state())


def test_probabilities_and_values_have_their_shapes() -> None:
    for fold in (classification(), regression()):
        fitted = fit(SmallNetwork(), RECIPE, fold, Watcher())
        for rows in (0, 1, 7):
            seen = fitted.predict(fold.valid.x[:rows])
            assert seen.shape == (rows, fold.outputs)
            assert seen.dtype == np.float64
            if fold.outputs > 1:
                np.testing.assert_allclose(seen.sum(axis=1), 1.0, atol=1e-12)


def test_many_rows_are_seen_in_parts() -> None:
    fold = classification()
    fitted = fit(SmallNetwork(), RECIPE, fold, Watcher())
    many = np.tile(fold.valid.x, (9_000, 1))  # 2.2 million numbers: three parts
    seen = fitted.predict(many)
    np.testing.assert_allclose(seen[-len(fold.valid.x) :], fitted.predict(fold.valid.x), atol=1e-6)


def test_parameters_are_counted_without_padding() -> None:
    fitted = fit(SmallNetwork(), RECIPE, classification(), Watcher())
    assert fitted.parameters == 6 * 16 + 16 + 16 * 3 + 3
