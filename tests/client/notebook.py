"""A notebook run without Jupyter: its cells in one namespace, their last values as they show.

``python -m tests.client.notebook`` runs the one in ``docs`` against a service of its own, and keeps
what the cells show in the file.
"""

import ast
import json
import re
import tempfile
from base64 import b64encode
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path
from typing import Any

from tests.client.working import working

NOTEBOOK = Path(__file__).parents[2] / "docs" / "notebook" / "automl.ipynb"
URL = "http://127.0.0.1:8000"
"""Where the documents say that a service listens."""

Cell = dict[str, Any]


def read() -> dict[str, Any]:
    """Return the notebook."""
    found: dict[str, Any] = json.loads(NOTEBOOK.read_text())
    return found


def code(notebook: dict[str, Any]) -> list[Cell]:
    """Return its cells of code."""
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def run(cells: list[Cell], *, url: str) -> Iterator[list[Cell]]:
    """Yield what each cell shows: the output of its last expression, or nothing."""
    names: dict[str, Any] = {}
    for number, cell in enumerate(cells, start=1):
        source = "".join(cell["source"]).replace(URL, url)
        value = execute(source, names)
        yield [] if value is None else [_output(value, number)]


def execute(source: str, names: dict[str, Any]) -> object:
    """Run a cell and return the value of its last expression, None without one."""
    body = ast.parse(source).body
    last = body.pop() if isinstance(body[-1], ast.Expr) else None
    exec(compile(ast.Module(body, []), "<cell>", "exec"), names)  # noqa: S102 -- our own document
    if not isinstance(last, ast.Expr):
        return None
    value = compile(ast.Expression(last.value), "<cell>", "eval")
    return eval(value, names)  # noqa: S307 -- as above


def _output(value: Any, number: int) -> Cell:
    shown = {"text/plain": repr(value)}
    if hasattr(value, "_repr_html_"):
        shown["text/html"] = value._repr_html_()
    data = {kind: text.splitlines(keepends=True) for kind, text in shown.items()}
    return {
        "output_type": "execute_result", "execution_count": number, "metadata": {}, "data": data,
    }  # fmt: skip


def as_pictures(html: str) -> str:
    """Return the markup with its drawings as pictures: hosts of code show these, and no SVG.

    A picture does not know the colour of the page: grey is seen on all.
    """

    def picture(found: re.Match[str]) -> str:
        [name] = re.findall("<title>(.*?)</title>", found[0])
        drawing = b64encode(found[0].replace("currentColor", "#808080").encode()).decode()
        return f'<img alt="{name}" src="data:image/svg+xml;base64,{drawing}">'

    return re.sub("<svg.*?</svg>", picture, html, flags=re.DOTALL)


def main() -> None:
    """Keep in the notebook what its cells show."""
    notebook = read()
    cells = code(notebook)
    with tempfile.TemporaryDirectory() as folder, working(Path(folder) / "data") as service:
        url = f"http://127.0.0.1:{service.port}"
        with chdir(folder):
            for number, outputs in enumerate(run(cells, url=url)):
                cells[number] |= {"execution_count": number + 1, "outputs": outputs}
                for data in (output["data"] for output in outputs if "text/html" in output["data"]):
                    html = as_pictures("".join(data["text/html"]))
                    data["text/html"] = html.splitlines(keepends=True)
        text = json.dumps(notebook, indent=1, ensure_ascii=False).replace(url, URL)
    NOTEBOOK.write_text(f"{text}\n")


if __name__ == "__main__":
    main()
