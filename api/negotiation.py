"""Which of two forms of an answer a client wants."""

from fastapi import Request


def prefers(request: Request, wanted: str, *, over: str) -> bool:
    """Return whether ``Accept`` ranks the media type ``wanted`` above ``over``, the default."""
    header = ",".join(request.headers.getlist("accept"))
    return _quality(header, wanted) > _quality(header, over)


def _quality(header: str, media_type: str) -> tuple[float, int]:
    """Return the weight that the most specific matching range gives, and how specific it is."""
    kind = media_type.split("/", maxsplit=1)[0]
    ranks = {media_type: 3, f"{kind}/*": 2, "*/*": 1}
    best = (0, 0.0)
    for item in header.split(","):
        name, *parameters = (part.strip().lower() for part in item.split(";"))
        rank = ranks.get(name, 0)
        if rank > best[0]:
            best = (rank, _weight(parameters))
    return (best[1], best[0]) if best[1] else (0.0, 0)


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return min(max(float(parameter[2:]), 0.0), 1.0)
            except ValueError:
                return 0.0
    return 1.0
