from hypothesis import given
from hypothesis import strategies as st

from automl.core.trial import CurvePoint
from automl.service.curve import downsample

heights = st.one_of(st.none(), st.floats(-1e6, 1e6))


@given(st.lists(heights, max_size=300), st.integers(2, 50))
def test_a_thinned_curve_keeps_its_ends_and_order(values: list[float | None], limit: int) -> None:
    points = [CurvePoint(epoch, value=value) for epoch, value in enumerate(values, 1)]
    kept = downsample(points, limit)
    assert len(kept) == min(limit, len(points))
    epochs = [point.epoch for point in kept]
    assert epochs == sorted(set(epochs))
    assert set(kept) <= set(points)
    if points:
        assert (kept[0], kept[-1]) == (points[0], points[-1])


def test_a_peak_survives() -> None:
    points = [CurvePoint(n, train_loss=100.0 if n == 517 else 1.0) for n in range(1, 1001)]
    assert 517 in {point.epoch for point in downsample(points, 12)}
