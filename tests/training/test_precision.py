from typing import Any

import torch

from automl.training.device import session
from automl.training.precision import products


def precisions() -> set[str]:
    cudnn: Any = torch.backends.cudnn
    kinds = (torch.backends.cuda.matmul, cudnn.conv, cudnn.rnn)
    return {kind.fp32_precision for kind in kinds}


def test_a_gpu_is_exact_but_where_it_may_be_coarse() -> None:
    before = precisions()
    with products("cuda:0", "ieee"):
        assert precisions() == {"ieee"}
        with products("cuda:0", "tf32"):
            assert precisions() == {"tf32"}
        assert precisions() == {"ieee"}
    assert precisions() == before


def test_a_processors_products_are_left_alone() -> None:
    before = precisions()
    with session("cpu", threads=1), products("cpu", "tf32"):
        assert precisions() == before
