import pytest
import torch

from automl.training.device import autocast, seed, session


def test_a_session_leaves_torch_as_it_was() -> None:
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    threads = torch.get_num_threads()
    with session("cpu", threads + 1):
        assert torch.get_num_threads() == threads + 1
        seed("cpu", 1, 2)
        torch.rand(100)
    assert torch.get_num_threads() == threads
    assert torch.rand(1) == expected


def test_draws_are_a_function_of_the_numbers() -> None:
    def draws(*numbers: int) -> tuple[float, ...]:
        with session("cpu", 1):
            generator = seed("cpu", *numbers)
            return (*torch.rand(3).tolist(), *torch.rand(3, generator=generator).tolist())

    assert draws(7, 1) == draws(7, 1)
    seen = [draws(*numbers) for numbers in ((7,), (7, 1), (7, 2), (8, 1), (2**31 - 1, 1))]
    assert len(set(seen)) == len(seen)
    assert draws(7, 1)[:3] != draws(7, 1)[3:]


def test_denormal_numbers_are_zero_within_a_session_only() -> None:
    tiny = torch.tensor([1e-39])
    with session("cpu", 1):
        assert (tiny * 0.5).item() == 0.0
    assert (tiny * 0.5).item() > 0.0


@pytest.mark.parametrize("able", [True, False])
@pytest.mark.parametrize("mixed", [True, False])
def test_a_cpu_computes_in_half_precision_where_it_can_and_may(
    monkeypatch: pytest.MonkeyPatch, able: bool, mixed: bool
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": able})
    with autocast("cpu", mixed=mixed):
        product = torch.ones(2, 2) @ torch.ones(2, 2)
    assert product.dtype is (torch.bfloat16 if able and mixed else torch.float32)


def test_seeding_leaves_nothing_behind() -> None:
    before = len(torch.cuda._queued_calls)
    for number in range(3):
        seed("cpu", number)
    assert len(torch.cuda._queued_calls) == before
