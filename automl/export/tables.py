"""Tables on the page: plain ones, and those with a bar beside each number."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from automl.export import charts
from automl.export.markup import Child, Markup, tag


@dataclass(frozen=True, slots=True)
class Bar:
    """A row with a bar: what it is called, how long it is, what its number says.

    ``spread`` is from where to where the number may be; ``kind`` its class in ``page.css``.
    """

    name: Child
    value: float
    told: str
    spread: tuple[float, float] | None = None
    kind: str = "bar"


def table(
    head: Sequence[str],
    rows: Sequence[Sequence[Child]],
    *,
    text: Collection[int] = (0,),
    main: int | None = None,
) -> Markup:
    """Return a table; the columns ``text`` are words, the others numbers, row ``main`` stands out.

    The first column names its row.
    """
    kinds = [None if index in text else "n" for index in range(len(head))]
    top = [
        tag("th", name, class_=kind, scope="col") for name, kind in zip(head, kinds, strict=True)
    ]
    body = [
        tag("tr", _cells(row, kinds), class_="main" if index == main else None)
        for index, row in enumerate(rows)
    ]
    head_row = tag("thead", tag("tr", top)) if any(head) else Markup("")
    return tag("div", tag("table", head_row, tag("tbody", body)), class_="scroll")


def bars(rows: Sequence[Bar], *, head: tuple[str, str], most: float | None = None) -> Markup:
    """Return a table of named bars, the longest of them, or ``most``, as long as there is room."""
    ends = [max(row.value, row.spread[1] if row.spread else 0.0) for row in rows]
    longest = most or max([*ends, 1e-12])
    top = tag(
        "tr", tag("th", head[0], scope="col"), tag("td"),
        tag("th", head[1], class_="n", scope="col"),
    )  # fmt: skip
    body = [
        tag(
            "tr",
            tag("th", row.name, scope="row"),
            tag("td", charts.bar(row.value, longest, spread=row.spread, kind=row.kind)),
            tag("td", row.told, class_="n"),
        )
        for row in rows
    ]
    return tag("table", tag("thead", top), tag("tbody", body), class_="bars")


def confusion(labels: Sequence[Child], counts: Sequence[Sequence[int]]) -> Markup:
    """Return how many rows of a class (down) are taken for which (across), shaded by the share."""
    top = [
        tag("tr", tag("td"), tag("th", "predicted", colspan=len(labels), scope="colgroup")),
        tag("tr", tag("th", "actual", scope="col"), [tag("th", it, scope="col") for it in labels]),
    ]
    body = [
        tag("tr", tag("th", label, scope="row"), [
            tag("td", f"{count:,}", class_=_shade(count, sum(line), right=place == column))
            for column, count in enumerate(line)
        ])
        for place, (label, line) in enumerate(zip(labels, counts, strict=True))
    ]  # fmt: skip
    made = tag("table", tag("thead", top), tag("tbody", body), class_="confusion")
    return tag("div", made, class_="scroll")


def folded(summary: str, *inside: Markup, printed: bool = True) -> Markup:
    """Return what only some readers want to see, to be unfolded; on paper it is, or is left out."""
    kind = None if printed else "unprinted"
    return tag("details", tag("summary", summary), *inside, class_=kind)


def _cells(row: Sequence[Child], kinds: Sequence[str | None]) -> list[Markup]:
    first, *rest = row
    named = tag("th", first, class_=kinds[0], scope="row")
    return [
        named,
        *(tag("td", cell, class_=kind) for cell, kind in zip(rest, kinds[1:], strict=True)),
    ]


def _shade(count: int, total: int, *, right: bool) -> str:
    """Return the classes that colour a cell: its kind, and its share in tenths."""
    return f"{'right' if right else 'wrong'} s{-(-10 * count // max(1, total))}"
