"""Long curves, thinned for the eye."""

from collections.abc import Sequence

from automl.core.trial import CurvePoint


def downsample(points: Sequence[CurvePoint], limit: int) -> Sequence[CurvePoint]:
    """Return at most ``limit`` of the points, the first and the last among them.

    From each of ``limit − 2`` equal stretches the point stays that spans the largest triangle
    with the point kept before it and the mean of the stretch behind it, so peaks survive.

    Reference:
        Steinarsson, Downsampling Time Series for Visual Representation (2013), section 4.2
        (largest triangle three buckets).
    """
    count = len(points)
    if count <= limit:
        return points
    if limit < 3:
        return [points[0], points[-1]][-limit:]
    heights = _heights(points)
    kept = [0]
    for bucket in range(limit - 2):
        start, end = _edge(bucket, count, limit), _edge(bucket + 1, count, limit)
        after = range(end, max(_edge(bucket + 2, count, limit), end + 1))
        mean_x = sum(after) / len(after)
        mean_y = sum(heights[index] for index in after) / len(after)
        left = kept[-1]
        areas = {
            index: abs(
                (left - mean_x) * (heights[index] - heights[left])
                - (left - index) * (mean_y - heights[left])
            )
            for index in range(start, end)
        }
        kept.append(max(areas, key=areas.__getitem__))
    return [points[index] for index in (*kept, count - 1)]


def _edge(bucket: int, count: int, limit: int) -> int:
    return min(1 + bucket * (count - 2) // (limit - 2), count - 1)


def _heights(points: Sequence[CurvePoint]) -> list[float]:
    """Return what the eye looks at, the same for all points; gaps keep the height before."""
    heights: list[float] = []
    for name in ("value", "valid_loss", "train_loss"):
        if any(getattr(point, name) is not None for point in points):
            last = 0.0
            for point in points:
                value = getattr(point, name)
                last = last if value is None else value
                heights.append(last)
            return heights
    return [0.0] * len(points)
