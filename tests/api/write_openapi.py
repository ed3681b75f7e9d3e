"""Write the document that ``test_openapi.py`` compares: ``python -m tests.api.write_openapi``."""

import json
import tempfile
from pathlib import Path

from tests.api.harness import serving
from tests.api.test_openapi import SNAPSHOT


def main() -> None:
    """Fetch the document from a server and write it beside the test."""
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as service:
        document = service.get("/openapi.json").json()
    SNAPSHOT.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
