"""Folds trained together give what each gives alone, and keep all that a training promises."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch

from automl.core.errors import TrialError, TrialStopped
from automl.core.hyperparameter import Params, Value, defaults
from automl.core.learner import Examples, FamilySpec, Fitted, Fold, Layout, NetworkFamily
from automl.core.state import State
from automl.core.trial import CurvePoint
from automl.families import lanes as stacking
from automl.families.mlp import model as mlp
from automl.families.mlp.space import SPEC as MLP
from automl.families.realmlp import model as realmlp
from automl.families.realmlp.space import SPEC as REALMLP
from automl.families.resnet import model as resnet
from automl.families.resnet.space import SPEC as RESNET
from automl.families.tabm import model as tabm
from automl.families.tabm.space import SPEC as TABM
from automl.training import archive, lanes
from automl.training.fit import fit
from tests.training.folds import SmallNetwork, Watcher, classification, equal, regression

SMALL: dict[str, Value] = {"width": 16, "layers": 2, "epochs": 4, "batch_size": 32}
ROWS = (160, 161, 160, 170)
"""The last has batches of another length in most steps."""


SPECS: dict[NetworkFamily, FamilySpec] = {
    mlp: MLP,
    resnet: RESNET,
    realmlp: REALMLP,
    tabm: TABM,
}


def params(family: NetworkFamily, changes: Params) -> dict[str, Value]:
    known = {**defaults(SPECS[family].space), **SMALL, "categories": "one_hot"}
    known.pop("embedding_width", None)
    return {**known, **changes}


def folds(rows: Sequence[int] = ROWS, make: Callable[..., Fold] = classification) -> list[Fold]:
    every = [make(count, seed=seed) for seed, count in enumerate(rows)]
    return [replace(fold, layout=Layout(6, numbers=(0, 2, 5))) for fold in every]


def together(
    given: Sequence[Fold],
    changes: Params | None = None,
    *,
    family: NetworkFamily = mlp,
    watcher: Watcher | None = None,
    resume: State | None = None,
) -> list[Fitted]:
    return lanes.fit(
        family,
        params(family, changes or {}),
        given,
        watcher or Watcher(),
        resume,
        stacking=stacking,
    )


def alone(
    given: Sequence[Fold], changes: Params | None = None, *, family: NetworkFamily = mlp
) -> tuple[list[Fitted], list[list[CurvePoint]]]:
    watchers = [Watcher() for _ in given]
    known = params(family, changes or {})
    fitted = [fit(family, known, fold, w) for fold, w in zip(given, watchers, strict=True)]
    return fitted, [watcher.points for watcher in watchers]


def near(one: State, other: State) -> None:
    assert dict(one.header) == dict(other.header)
    assert one.arrays.keys() == other.arrays.keys()
    for name, array in one.arrays.items():
        np.testing.assert_allclose(array, other.arrays[name], rtol=2e-3, atol=2e-5, err_msg=name)


@pytest.mark.parametrize("make", [classification, regression])
@pytest.mark.parametrize(
    ("family", "changes"),
    [
        (mlp, {"dropout": 0.0}),
        (mlp, {"dropout": 0.3, "activation": "mish"}),
        (mlp, {"normalization": "batch", "dropout": 0.1}),
        (mlp, {"normalization": "layer", "clip": 0.0}),
        (mlp, {"optimizer": "sgd", "momentum": 0.9, "nesterov": True, "learning_rate": 0.02}),
        (mlp, {"optimizer": "rmsprop", "momentum": 0.5, "penalty": "both", "l1": 1e-5}),
        (mlp, {"schedule": "one_cycle", "fade": True}),
        (resnet, {"dropout": 0.2, "residual_dropout": 0.1}),
        (resnet, {"normalization": "batch"}),
        (realmlp, {}),
        (realmlp, {"activation": "selu", "fade": False, "dropout": 0.0}),
        (tabm, {"members": 4, "bins": 6}),
    ],
)
def test_a_lane_is_the_network_that_its_fold_trains_alone(
    family: NetworkFamily, changes: dict[str, Value], make: Callable[..., Fold]
) -> None:
    given = folds(make=make)
    fitted = together(given, changes, family=family)
    for one, other in zip(fitted, alone(given, changes, family=family)[0], strict=True):
        near(one.state(), other.state())


def test_classes_weigh_in_each_lane_as_its_own_rows_say() -> None:
    given = folds()
    y = np.where(given[1].train.y == 0, 1, given[1].train.y)
    y[:5] = 0
    given[1] = replace(given[1], train=Examples(given[1].train.x, y))
    changes: Params = {"class_weight": "balanced", "label_smoothing": 0.1}
    for one, other in zip(together(given, changes), alone(given, changes)[0], strict=True):
        near(one.state(), other.state())


def test_codes_become_vectors_in_lanes_too() -> None:
    given = []
    for fold in folds():
        codes = np.random.default_rng(fold.seed).integers(4, size=len(fold.train.x))
        parts = (
            Examples(np.c_[e.x, codes[: len(e.x)]].astype(np.float32), e.y)
            for e in (fold.train, fold.valid)
        )
        train, valid = parts
        given.append(replace(fold, train=train, valid=valid, layout=Layout(7, ((6, 4),))))
    changes: Params = {"categories": "embedding", "embedding_width": 3}
    for one, other in zip(together(given, changes), alone(given, changes)[0], strict=True):
        near(one.state(), other.state())


def test_epochs_are_told_in_the_order_of_folds_and_count_on() -> None:
    given = folds()
    together(given, {"dropout": 0.0}, watcher=(watcher := Watcher()))
    assert [point.epoch for point in watcher.points] == list(range(1, 17))
    assert [point.fold for point in watcher.points] == sorted([0, 1, 2, 3] * 4)
    told = [point for points in alone(given, {"dropout": 0.0})[1] for point in points]
    for one, other in zip(watcher.points, told, strict=True):
        assert one.train_loss == pytest.approx(other.train_loss, rel=1e-3)
        assert one.valid_loss == pytest.approx(other.valid_loss, rel=1e-3)
        assert one.gradient_norm == pytest.approx(other.gradient_norm, rel=1e-3)
        assert (one.learning_rate, one.fraction) == (other.learning_rate, other.fraction)


def falling(fold: Fold, best: int) -> Fold:
    """Return the fold with a metric that is best at that epoch, whatever is predicted."""
    told = iter([*range(best), *[-1] * 50])
    return replace(fold, score=lambda _: float(next(told)))


def test_a_lane_ends_by_its_own_patience_and_the_others_go_on() -> None:
    bests = (3, 1, 6, 2)
    changes: Params = {"patience": 3, "epochs": 20}

    def given() -> list[Fold]:
        return [falling(fold, best) for fold, best in zip(folds(), bests, strict=True)]

    fitted = together(given(), changes, watcher=(watcher := Watcher()))
    assert [each.epochs for each in fitted] == list(bests)
    counts = [sum(point.fold == fold for point in watcher.points) for fold in range(4)]
    assert counts == [best + 3 for best in bests]
    assert [point.epoch for point in watcher.points] == list(range(1, sum(counts) + 1))
    for one, other in zip(fitted, alone(given(), changes)[0], strict=True):
        near(one.state(), other.state())


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
@pytest.mark.parametrize("patience", [2, 50])
def test_resuming_gives_the_weights_of_undisturbed_lanes(optimizer: str, patience: int) -> None:
    changes: dict[str, Value] = {"normalization": "batch", "dropout": 0.3, "epochs": 6}
    changes |= {"optimizer": optimizer, "patience": patience, "learning_rate": 0.02}
    if optimizer == "sgd":
        changes |= {"momentum": 0.9, "nesterov": False}
    whole = together(folds(), changes, watcher=(watcher := Watcher()))
    for done in (1, 3, len(watcher.states) - 1):
        stored = archive.unpack(archive.pack(watcher.states[done - 1]))
        torch.manual_seed(done)  # a new process has another random state
        resumed = together(folds(), changes, watcher=(after := Watcher()), resume=stored)
        assert all(equal(a.state(), b.state()) for a, b in zip(resumed, whole, strict=True))
        first = after.points[0].epoch
        rest = [replace(point, seconds=0.0) for point in watcher.points[first - 1 :]]
        assert [replace(point, seconds=0.0) for point in after.points] == rest


def test_the_checkpoint_of_one_network_is_not_gone_on_from() -> None:
    fit(mlp, params(mlp, {}), folds()[0], watcher := Watcher())
    fitted = together(folds(), resume=watcher.states[-1])
    assert all(equal(a.state(), b.state()) for a, b in zip(fitted, together(folds()), strict=True))


def test_lanes_are_a_function_of_their_seeds_alone() -> None:
    torch.manual_seed(1)
    one = together(folds(), {"dropout": 0.3})
    before = torch.random.get_rng_state()
    other = together(folds(), {"dropout": 0.3})
    assert torch.equal(torch.random.get_rng_state(), before)
    assert all(equal(a.state(), b.state()) for a, b in zip(one, other, strict=True))


def test_folds_of_other_widths_or_steps_train_in_groups_of_their_own() -> None:
    given = folds((160, 160, 400, 160, 400))
    for index in (1, 3):
        fold = given[index]
        train, valid = (Examples(e.x[:, :5], e.y) for e in (fold.train, fold.valid))
        given[index] = replace(fold, train=train, valid=valid, layout=Layout(5))
    fitted = together(given, watcher=(watcher := Watcher()))
    assert [point.fold for point in watcher.points] == sorted([0, 1, 2, 3, 4] * 4)
    for one, other in zip(fitted, alone(given)[0], strict=True):
        near(one.state(), other.state())


def test_a_stop_comes_within_a_step_of_all_lanes() -> None:
    watcher = Watcher(stop_at=3)
    with pytest.raises(TrialStopped):
        together(folds(), watcher=watcher)
    assert watcher.checks == 3


def test_a_lane_that_diverges_fails_the_candidate() -> None:
    given = folds(make=regression)
    given[2].train.x[5] = np.nan
    with pytest.raises(TrialError, match="diverged"):
        together(given)


def test_a_plan_is_shortened_to_the_time_left_for_all_lanes() -> None:
    clock = iter(range(100_000))
    seen: list[float] = []

    def now() -> float:
        seen.append(float(next(clock)))
        return seen[-1]

    watcher = Watcher(left=lambda: 150.0 - (seen[-1] if seen else 0.0))
    lanes.fit(
        mlp,
        params(mlp, {"epochs": 500, "schedule": "cosine"}),
        folds(),
        watcher,
        stacking=stacking,
        clock=now,
    )
    assert seen[-1] < 150.0
    last = [point for point in watcher.points if point.fraction == 1.0]
    assert [point.fold for point in last] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("changes", "paid"),
    [
        ({}, True),
        ({"width": 1024}, False),
        ({"batch_size": 1024, "width": 128}, True),  # of 120 rows no batch is that large
    ],
)
def test_what_pays_is_said_by_shape(changes: dict[str, Value], paid: bool) -> None:
    (fold,) = folds((160,))
    assert lanes.pay(mlp, params(mlp, changes), fold, stacking) is paid
    assert (lanes.companions(mlp, params(mlp, changes), fold, stacking, folds=3) > 1) is paid


@pytest.mark.parametrize(
    ("folds_each", "count", "in_a_sweep"), [(8, 1, 4), (5, 1, 6), (3, 2, 10), (1, 8, 32)]
)
def test_on_a_processor_lanes_are_few_but_in_a_sweep(
    folds_each: int, count: int, in_a_sweep: int
) -> None:
    (fold,) = folds((160,))
    for sweep, expected in ((False, count), (True, in_a_sweep)):
        found = lanes.companions(
            mlp, params(mlp, {}), fold, stacking, folds=folds_each, sweep=sweep
        )
        assert found == expected


@pytest.mark.parametrize(("gigabytes", "count"), [(1e-3, 1), (100.0, 64)])
def test_on_a_gpu_so_many_train_together_as_fit(
    gigabytes: float, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (int(gigabytes * 1e9), 1 << 40))
    fold = replace(folds((160,))[0], device="cuda:0")
    wide = params(mlp, {"width": 1024})
    assert lanes.pay(mlp, wide, fold, stacking)
    assert lanes.companions(mlp, wide, fold, stacking, folds=3) == count


def test_a_gpus_room_is_shared_by_folds_and_by_what_they_hold(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (1 << 30, 1 << 40))
    fold = replace(folds((160,))[0], device="cuda:0")

    def count(folds: int, **changes: Value) -> int:
        return lanes.companions(mlp, params(mlp, changes), fold, stacking, folds=folds)

    assert 1 < count(8, width=512) < count(4, width=512) < count(4, width=256) <= 64


def test_a_network_with_layers_of_other_kinds_is_no_lane() -> None:
    (fold,) = folds((160,))
    changes: Params = {**params(mlp, {}), "normalization": "none", "dropout": 0.1}
    assert not lanes.pay(SmallNetwork(), changes, fold, stacking)


PLAIN = """
import sys
from tests.training.test_lanes import folds, together

together(folds()[:2])
print("sympy" in sys.modules)
"""


def test_what_torch_traces_with_stays_unloaded() -> None:
    done = subprocess.run([sys.executable, "-c", PLAIN], check=True, capture_output=True, text=True)
    assert done.stdout == "False\n"
