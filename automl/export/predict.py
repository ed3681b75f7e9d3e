"""Score a CSV file with a model file.

    python predict.py model.onnx rows.csv

Needs numpy and onnxruntime, nothing else; it may be copied and used on its own.
"""

import csv
import json
import sys

import numpy as np
import onnxruntime

MISSING = {"", "NA", "N/A", "NaN", "nan", "null", "None", "?"}


def number(text: str, decimal_comma: bool) -> float:  # noqa: FBT001 -- one flag of a column
    """Return a cell's number, NaN where it is missing."""
    text = text.strip()
    if text in MISSING:
        return float("nan")
    if decimal_comma:
        text = text.replace(".", "").replace(",", ".")
    return float(text)


def main(model: str, file: str) -> None:
    """Print one line a row: the prediction and, for classes, their probabilities."""
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    facts = session.get_modelmeta().custom_metadata_map
    with open(file, newline="", encoding="utf-8-sig") as lines:  # noqa: PTH123 -- stands alone
        rows = list(csv.DictReader(lines))
    feeds = {}
    for column, entry in zip(json.loads(facts["schema"]), session.get_inputs(), strict=True):
        cells = [row[column["name"]] for row in rows]
        if column["cells"] == "number":
            values = [number(cell, column.get("decimal_comma", False)) for cell in cells]
            feeds[entry.name] = np.array(values, dtype=np.float64).reshape(-1, 1)
        else:
            feeds[entry.name] = np.array(cells, dtype=object).reshape(-1, 1)
    names = [output.name for output in session.get_outputs()]
    outputs = dict(zip(names, session.run(names, feeds), strict=True))
    writer = csv.writer(sys.stdout, lineterminator="\n")
    classes = json.loads(facts["classes"]) if "probabilities" in outputs else []
    writer.writerow(["prediction", *(f"probability_{label}" for label in classes)])
    for index, prediction in enumerate(outputs["prediction"].tolist()):
        shares = outputs["probabilities"][index].tolist() if classes else []
        writer.writerow([prediction, *shares])


if __name__ == "__main__":
    main(*sys.argv[1:])
