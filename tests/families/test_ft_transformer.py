"""FT-Transformer: its tokens, its blocks, and that the graph equals the network."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from automl.core.catalog import FamilyName, TaskType
from automl.core.hyperparameter import Value, defaults
from automl.core.learner import Layout
from automl.families.ft_transformer import layers, model
from automl.families.ft_transformer.layers import Block, Pieces, Tokenizer, tokens
from automl.families.ft_transformer.space import SPEC, TRAINING
from automl.training import archive
from automl.training.fit import fit, load
from automl.training.recipe import Recipe
from automl.training.vector import flatten
from tests.families import cases, written
from tests.families.cases import Case
from tests.training.folds import Watcher

DEFAULTS = defaults(SPEC.space)
COLUMNS = (0, 1, 1, 2, 3, 0, 4)
LAYOUT = Layout(7, ((2, 4), (6, 3)), (0, 1, 5), COLUMNS)
"""A number with its flag, a code with its share, two numbers, and a code by itself."""


def rows(count: int = 300) -> torch.Tensor:
    draw = np.random.default_rng(0)
    x = draw.normal(size=(count, LAYOUT.width))
    for place, size in LAYOUT.codes:
        x[:, place] = draw.integers(size, size=count)
    return torch.tensor(x, dtype=torch.float32)


def build(outputs: int = 3, layout: Layout = LAYOUT, **more: Value) -> Pieces:
    torch.manual_seed(0)
    network = model.build({**DEFAULTS, "width": 16, **more}, layout, outputs)
    assert isinstance(network, Pieces)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))  # as if it were trained
    return network.eval()


@pytest.mark.parametrize("outputs", [1, 2, 5])
@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("layout", [LAYOUT, Layout(7)], ids=["mixed", "numbers"])
def test_the_graph_computes_what_the_network_does(layout: Layout, count: int, outputs: int) -> None:
    network = build(outputs, layout, layers=count, dropout=0.5)
    fitted = written.Network(model, network)
    x = rows().numpy()
    for part in (x, x[:1], x[:0]):
        found = written.run_as_file(fitted, part)
        np.testing.assert_allclose(found, fitted.predict(part), rtol=1e-5, atol=1e-5)


def test_each_column_has_a_token_behind_that_of_the_answer() -> None:
    assert tokens(LAYOUT) == [[], [0, 5], [1, 2], [3], [4], [6]]
    assert tokens(Layout(3)) == [[], [0], [1], [2]]


def test_a_column_of_many_numbers_has_several_tokens_and_many_columns_share_them() -> None:
    long = tokens(Layout(21, columns=(0,) * 20 + (1,)))
    assert [len(own) for own in long] == [0, 16, 4, 1]
    many = tokens(Layout(1_000))
    assert len(many) == 1 + layers.MOST_TOKENS
    assert [place for own in many for place in own] == list(range(1_000))


def test_a_token_is_its_start_and_what_its_columns_hold() -> None:
    torch.manual_seed(0)
    module = Tokenizer(LAYOUT, 8)
    x = rows(5)
    with torch.no_grad():
        found = module(x)
    start, lines = module.start.view(6, 8), module.lines.view(6, 2, 8)
    table = module.table.view(7, 8)
    expected = torch.stack(
        [
            start[0].expand(5, 8),
            start[1] + x[:, [0]] * lines[1, 0] + x[:, [5]] * lines[1, 1],
            start[2] + x[:, [1]] * lines[2, 0] + table[x[:, 2].long()],
            start[3] + x[:, [3]] * lines[3, 0],
            start[4] + x[:, [4]] * lines[4, 0],
            start[5] + table[4 + x[:, 6].long()],
        ],
        dim=1,
    )
    torch.testing.assert_close(found, expected.detach())


def test_a_category_is_the_same_vector_as_a_code_and_as_columns() -> None:
    torch.manual_seed(0)
    coded = Tokenizer(Layout(1, ((0, 3),)), 8)
    spread = Tokenizer(Layout(3, columns=(0, 0, 0)), 8)
    with torch.no_grad():
        spread.start.copy_(coded.start)
        spread.lines.view(2, 3, 8)[1] = coded.table.view(3, 8)
        codes = torch.tensor([2, 0, 1])
        hot = torch.nn.functional.one_hot(codes, 3).float()
        torch.testing.assert_close(spread(hot), coded(codes.float().unsqueeze(1)))


def test_the_last_block_makes_of_the_first_token_what_it_would_beside_all() -> None:
    network = build(layers=1)
    block = network[1]
    assert isinstance(block, Block)
    with torch.no_grad():
        sequence = network[0](rows())
        alone = block(sequence)
        block.last = False
        torch.testing.assert_close(alone, block(sequence)[:, :1])


def test_decay_is_for_dense_layers_alone() -> None:
    network = build()
    dense = sum(p.numel() for n, p in network.named_parameters() if n.endswith("weight"))
    norms = sum(m.weight.numel() for m in network.modules() if isinstance(m, torch.nn.LayerNorm))
    padding = 16 * len(list(network.parameters()))
    assert 0 <= flatten(network).matrices - (dense - norms) < padding


def test_rows_are_the_same_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = build()
    monkeypatch.setattr(layers, "_CELLS", 1_000)
    pieces = build()
    with torch.no_grad():
        torch.testing.assert_close(pieces(rows()), whole(rows()))


def test_the_loop_reads_all_that_the_space_says_of_training() -> None:
    assert {item.name for item in TRAINING} <= set(Recipe.__dataclass_fields__)


def test_a_table_without_codes_is_learned_stored_and_written() -> None:
    fold = cases.fold(Case(FamilyName.MLP, TaskType.REGRESSION, 1), rows=100)
    assert not fold.layout.codes
    fitted = fit(model, {**DEFAULTS, "loss": "mse", "epochs": 3, "width": 16}, fold, Watcher())
    again = load(model, archive.unpack(archive.pack(fitted.state())))
    assert np.array_equal(again.predict(fold.valid.x), fitted.predict(fold.valid.x))
    assert written.parity(again, fold.valid.x) <= 1e-5


def test_it_sees_what_column_each_number_is_of() -> None:
    fold = cases.fold(Case(FamilyName.FT_TRANSFORMER, TaskType.REGRESSION, 1), rows=20)
    assert len(tokens(fold.layout)) == 1 + 6
    assert len(tokens(replace(fold.layout, columns=()))) == 1 + 10
