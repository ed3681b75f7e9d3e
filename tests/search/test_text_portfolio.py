"""Texts: what is tried first follows from how many there are and whether words repeat."""

from dataclasses import replace

import pytest

from automl import families
from automl.core.catalog import FamilyName, Modality
from automl.search import spelling
from automl.search.portfolio import portfolio
from automl.search.portfolios import text
from tests.search.test_ask import PLAN, REPLAY

SERVING = tuple(spec.name for spec in families.specs() if Modality.TEXT in spec.modalities)
TEXTS = replace(PLAN, modality=Modality.TEXT, words=3.0, families=SERVING)


@pytest.mark.parametrize("rows", [500, text.MANY_ROWS])
@pytest.mark.parametrize(
    ("words", "rare", "unit"),
    [
        (3.0, 0.1, "words"),
        (3.0, spelling.RARE, "characters"),
        (500.0, spelling.RARE, "words"),
    ],
)
def test_networks_read_characters_where_words_are_rare_and_texts_are_short(
    rows: int, words: float, rare: float, unit: str
) -> None:
    plan = replace(TEXTS, rows=rows, words=words, rare=rare)
    found = portfolio(REPLAY, plan)
    for candidate in found:
        families.validate(candidate.family, candidate.params, plan.task, Modality.TEXT)
    assert [candidate.family for candidate in found[:2]] == [FamilyName.LINEAR] * 2
    assert {candidate.params["unit"] for candidate in found[2:]} == {unit}
