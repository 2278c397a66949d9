"""The public intent sets, as the benchmark uses them."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.machine import data_folder
from munshi.intents.examples import Examples, read_examples

_OUTERMOST = re.compile(r"\[IN:(\w+)")


@dataclass(frozen=True, slots=True)
class IntentSet:
    """A training and a test set; `shots` examples an intent are drawn from the first, all where it is 0."""

    name: str
    licence: str
    train: Examples
    test: Examples
    shots: int = 0
    note: str = ""


def sofmattress(version: str) -> Iterator[IntentSet]:
    folder = data_folder() / "hint3" / version
    train, test = (
        read_examples(folder / f"sofmattress_{part}.csv").splitting_off("NO_NODES_DETECTED")
        for part in ("train", "test")
    )
    yield IntentSet(f"SOFMattress {version}", "ODbL / DbCL, HINT3", train, test)


def banking77() -> Iterator[IntentSet]:
    folder = data_folder() / "banking77"
    train, test = (read_examples(folder / f"{part}.csv") for part in ("train", "test"))
    yield IntentSet("BANKING77", "CC BY 4.0", train, test)


def banking77_few() -> Iterator[IntentSet]:
    for whole in banking77():
        for shots in (10, 5):
            yield replace(whole, name=f"BANKING77 {shots}-shot", shots=shots)


def clinc150() -> Iterator[IntentSet]:
    rows: Mapping[str, list[list[str]]] = json.loads((data_folder() / "clinc150" / "data_full.json").read_text("utf-8"))

    def part(name: str) -> Examples:
        return Examples(tuple(text for text, _ in rows[name]), tuple(label for _, label in rows[name]))

    test = replace(part("test"), out_of_scope=part("oos_test").texts)
    yield IntentSet("CLINC150", "CC BY 3.0", part("train"), test, note="no out-of-scope text is learnt from")


def hinglish_top() -> Iterator[IntentSet]:
    folder = data_folder() / "hinglish_top"
    for name, column in (("Hinglish-TOP English", "en_query"), ("Hinglish-TOP Hinglish", "cs_query")):
        train, test = (_requests(folder / f"{part}.tsv", column) for part in ("train", "validation"))
        kept = [at for at, label in enumerate(test.labels) if label in set(train.labels)]
        dropped = len(test.labels) - len(kept)
        known = Examples(tuple(test.texts[at] for at in kept), tuple(test.labels[at] for at in kept))
        note = f"the same rows in both languages; {dropped} of intents that the training file lacks are left out"
        yield IntentSet(name, "Apache-2.0", train, known, note=note)


def _requests(path: Path, column: str) -> Examples:
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))
    labels = tuple(_OUTERMOST.findall(row["en_parse"])[0] for row in rows)
    return Examples(tuple(row[column] for row in rows), labels)


SETS = {
    "sofmattress": lambda: sofmattress("v1"),
    "sofmattress-v2": lambda: sofmattress("v2"),
    "banking77": banking77,
    "banking77-few": banking77_few,
    "clinc150": clinc150,
    "hinglish-top": hinglish_top,
}


def published() -> list[tuple[str, float, float, float]]:
    """What HINT3 published for SOFMattress v1: platform, best MCC over its thresholds, accuracy in scope without
    rejection (its lowest threshold), and out-of-scope recall at the best MCC.
    """
    found = []
    for path in sorted((data_folder() / "hint3" / "v1" / "platform_results").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        best = max(rows, key=lambda row: float(row["MCC"]))
        platform = path.stem.partition("_")[0]
        found.append((platform, float(best["MCC"]), float(rows[0]["Inscope Accuracy"]), float(best["OOS Recall"])))
    return found
