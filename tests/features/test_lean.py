"""Which way texts lean: what new ones are told, what those learned from are not, and the graph."""

import numpy as np
import numpy.typing as npt
import pytest

from automl import features
from automl.core.catalog import ColumnKind
from automl.core.frame import Ints, Strings
from automl.core.kin import Bond, Kin
from automl.core.learner import View
from automl.features import Encoder, grams
from automl.features.outputs import MOST, Target
from tests.features.frames import column, frame, strings
from tests.features.test_encoder import assert_same

WORDS = [head + tail for head in "bdfgklmnprst" for tail in ("ab", "eck", "olm", "ust", "ip")]
LIKED = set(WORDS[:8])


def written(rows: int, seed: int) -> list[str]:
    random = np.random.default_rng(seed)
    return [" ".join(random.choice(WORDS, 6)) for _ in range(rows)]


def liked(texts: list[str]) -> Ints:
    return np.array([len(LIKED & set(text.split())) for text in texts])


def fitted(
    texts: list[str], y: Target, view: View = View.ORDINAL, kin: Kin | None = None
) -> Encoder:
    cells = strings(texts)
    columns = [column("t", ColumnKind.TEXT, cells)]
    return features.fit(frame(t=cells), columns, view, target=y, kin=kin)


def rows(texts: list[str]) -> dict[str, Strings]:
    return {"t": strings(texts)}


def leans(encoder: Encoder, x: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return x[:, [place for place, name in enumerate(encoder.names) if name.startswith("t lean")]]


def told(x: npt.NDArray[np.float32], y: npt.NDArray[np.floating] | Ints) -> float:
    return float(np.corrcoef(x, y)[0, 1])


@pytest.mark.parametrize("view", [View.ORDINAL, View.ONE_HOT])
def test_new_texts_lean_as_the_target_does(view: View) -> None:
    train, new = written(400, seed=0), written(200, seed=1)
    for y in (liked(train).astype(np.float64), (liked(train) > 0).astype(np.int64)):
        encoder = fitted(train, y, view)
        found = leans(encoder, encoder.transform(frame(**rows(new))))
        assert found.shape[1] == 1
        side = 1 if y.dtype.kind == "f" else np.sign(told(found[:, 0], liked(new)))
        assert side * told(found[:, 0], liked(new)) > 0.8


def test_what_was_learned_from_looks_no_clearer_than_what_is_new() -> None:
    texts = written(300, seed=2)
    noise = np.random.default_rng(3).normal(size=300)
    encoder = fitted(texts, noise)
    seen = frame(**rows(texts))
    assert told(leans(encoder, encoder.transform(seen))[:, 0], noise) > 0.5
    assert told(leans(encoder, features.learned_from(encoder, seen))[:, 0], noise) < 0.2


def test_equal_texts_lean_alike_and_tell_nothing_of_each_other() -> None:
    different = written(60, seed=4)
    texts = different * 5
    noise = np.repeat(np.random.default_rng(5).normal(size=(1, 60)), 5, axis=0).ravel()
    found = leans(
        encoder := fitted(texts, noise), features.learned_from(encoder, frame(**rows(texts)))
    )
    assert (found.reshape(5, 60) == found[:60, 0]).all()
    assert told(found[:, 0], noise) < 0.3


def test_all_else_is_as_without_a_target() -> None:
    texts = written(100, seed=6)
    encoder = fitted(texts, liked(texts).astype(np.float64))
    cells = strings(texts)
    plain = features.fit(frame(t=cells), [column("t", ColumnKind.TEXT, cells)], View.ORDINAL)
    x, y = (each.transform(frame(t=cells)) for each in (encoder, plain))
    crossed = features.learned_from(encoder, frame(t=cells))
    others = [place for place, name in enumerate(encoder.names) if "lean" not in name]
    assert [encoder.names[place] for place in others] == list(plain.names)
    np.testing.assert_array_equal(x[:, others], y)
    np.testing.assert_array_equal(crossed[:, others], y)


@pytest.mark.parametrize("classes", [2, 3, MOST + 5])
def test_the_graph_leans_alike(classes: int) -> None:
    texts = written(200, seed=7)
    encoder = fitted(texts, np.arange(200) % classes)
    later = frame(t=strings([*written(50, seed=8), "", "never seen", None]))
    assert leans(encoder, encoder.transform(later)).shape[1] == (
        1 if classes == 2 else min(classes, MOST)
    )
    assert_same(encoder, later)


@pytest.mark.parametrize("texts", [["a b"] * 4, ["a b", "a c", "b"], ["a b", "b a", "", "a b"]])
def test_few_texts_lean_too(texts: list[str]) -> None:
    encoder = fitted(texts, np.arange(len(texts), dtype=np.float64))
    assert np.isfinite(features.learned_from(encoder, frame(**rows(texts)))).all()


def crossed(texts: list[str], y: Target, kin: Kin | None) -> npt.NDArray[np.float32]:
    """Return which way the rows of training lean, ``(rows,)``, each output's first."""
    encoder = fitted(texts, y, kin=kin)
    return leans(encoder, features.learned_from(encoder, frame(**rows(texts))))[:, 0]


@pytest.mark.parametrize("known", [grams.FITTED_TEXTS, 120])
def test_a_text_knows_nothing_of_its_own_group(known: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of which each has a word of its own, and a target that no text tells."""
    monkeypatch.setattr(grams, "FITTED_TEXTS", known)
    groups = np.repeat(np.arange(30, dtype=np.int32), 8)
    texts = [f"{text} q{group}q" for text, group in zip(written(240, 9), groups, strict=True)]
    effect = np.random.default_rng(10).normal(size=30)[groups]
    assert told(crossed(texts, effect, None), effect) > 0.4
    assert told(crossed(texts, effect, Kin(groups, "group")), effect) < 0.1


def test_equal_texts_of_other_groups_tell_what_new_ones_will_be_told() -> None:
    groups = np.repeat(np.arange(40, dtype=np.int32), 10)
    texts = (written(20, seed=11) * 20)[:400]
    y = liked(texts).astype(np.float64)
    assert told(crossed(texts, y, Kin(groups, "group")), y) > 0.8


def test_texts_are_told_by_the_past_alone() -> None:
    texts = written(400, seed=12)
    moments = np.random.default_rng(13).permutation(400).astype(np.int32)
    kin = Kin(moments, "moment")
    y = liked(texts).astype(np.float64)
    late = np.argsort(moments)[240:]
    other = y.copy()
    other[late] = np.random.default_rng(14).permutation(other[late])
    before, after = (crossed(texts, some, kin) for some in (y, other))
    early = np.argsort(moments)[:240]
    # Sizes are of all rows: what was learned from none stays apart from no weight at all.
    assert told(before[early], after[early]) == pytest.approx(1.0)
    assert told(before[late], y[late]) > 0.6
    assert len(np.unique(before[np.argsort(moments)[:80]])) == 1


def test_copies_have_one_text_which_is_kept_together_anyway() -> None:
    texts = written(100, seed=15) * 2
    y = liked(texts).astype(np.float64)
    copies = Kin(np.tile(np.arange(100, dtype=np.int32), 2), "copy")
    np.testing.assert_array_equal(crossed(texts, y, copies), crossed(texts, y, None))


@pytest.mark.parametrize("bond", ["group", "moment"])
def test_rows_that_are_all_kin_lean_nowhere(bond: Bond) -> None:
    texts = written(50, seed=16)
    found = crossed(texts, liked(texts).astype(np.float64), Kin(np.zeros(50, np.int32), bond))
    assert len(np.unique(found)) == 1
