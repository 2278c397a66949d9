"""An evaluation as a folder of diagrams with one page that shows them, to be looked at, printed or sent on."""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from html import escape
from pathlib import Path
from string import Template

from munshi.intents.base import IntentError
from munshi.intents.evaluation_figures import ConfusedPair, confused
from munshi.intents.evaluation_report import Report
from munshi.intents.plots import DPI, diagrams

PAGE = "index.html"
FILES = frozenset({PAGE, "confusion.png", "reliability.png", "scope.png"})

_TITLES = {
    "accuracy": "right decisions",
    "macro_f1": "macro F1",
    "in_scope_accuracy": "right intent, nothing rejected",
    "in_scope_accuracy_rejecting": "right intent and let in",
    "oos_recall": "out of scope and rejected",
    "auroc": "AUROC of the in-scope score",
    "fpr95": "let in wrongly at 95 % let in rightly",
    "mcc": "Matthews correlation",
    "mcc_swept": "the same, threshold swept on the test set",
    "ece": "calibration error (ECE)",
    "p50_ms": "milliseconds a message, median",
    "p95_ms": "milliseconds a message, 95 of 100",
    "bare_encoder_ms": "milliseconds of the encoder alone",
}
_CAPTIONS = {
    "confusion.png": "Each row is what customers meant, each column what was made of it. Numbers are texts; the darker "
    "a cell, the larger its share of the row. Intents that are taken for each other stand together.",
    "reliability.png": "Where a bar ends above the dashed line the classifier is too modest, below it too sure.",
    "scope.png": "A text under the threshold is taken to fit no intent. The threshold comes from the training data.",
}
_SHELL = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>$title</title>
<style>
:root { color: #222; background: #fff; font: 16px/1.5 system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
body { max-width: 60rem; margin: 2.5rem auto; padding: 0 1.25rem; }
h1 { font-size: 1.7rem; margin: 0; }
h2 { font-size: 1.15rem; margin: 2.5rem 0 .6rem; }
p.lead, figcaption, .none { color: #555; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: .35rem .75rem .35rem 0; border-bottom: 1px solid #e4e4e4; }
th { font-weight: 600; color: #555; }
td.number, th.number { text-align: right; }
#figures { max-width: 34rem; }
td.texts span { display: block; }
td.label { min-width: 9rem; max-width: 14rem; overflow-wrap: break-word; }
figure { margin: 0; break-inside: avoid; }
figure img { max-width: 100%; height: auto; }
tr { break-inside: avoid; }
@media print { body { margin: 0; max-width: none; } h2 { break-after: avoid; } }
</style>
</head>
<body>
<h1>$title</h1>
<p class="lead">$lead</p>
<h2>Figures</h2>
<table id="figures">$figures</table>
$diagrams
<h2>Confused most often</h2>
$confused
</body>
</html>
""")


def check_folder(folder: Path) -> None:
    """Raise IntentError where `write_folder` could not put its files in this folder, before much time is spent."""
    if folder.exists() and not folder.is_dir():
        raise IntentError(f"{folder} is a file: name a folder for the plots")
    try:
        others = sorted(path.name for path in folder.iterdir() if path.name not in FILES) if folder.exists() else []
        folder.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise IntentError(f"the plots cannot be written to {folder}: {error.strerror}") from error
    if others:
        raise IntentError(f"{folder} holds other things ({', '.join(others[:3])}): name a folder of the plots' own")


def write_folder(report: Report, folder: Path, title: str) -> None:
    """The diagrams and the page, all of them or none; those of an earlier evaluation are replaced.

    Raises IntentError where the folder holds other things or cannot be written.
    """
    check_folder(folder)
    images = diagrams(report)
    page = render(report, images, title)
    try:
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as aside:
            fresh = Path(aside) / "fresh"
            fresh.mkdir()
            for name, image in images.items():
                (fresh / name).write_bytes(image)
            (fresh / PAGE).write_text(page, encoding="utf-8")
            if folder.exists():
                folder.rename(Path(aside) / "old")
            fresh.rename(folder)
    except OSError as error:
        raise IntentError(f"the plots cannot be written to {folder}: {error.strerror}") from error


def render(report: Report, images: dict[str, bytes], title: str) -> str:
    """The page: everything in it, nothing to be fetched, every text from outside escaped."""
    told = report.outcome
    outside = len(told.texts) - told.inside
    lead = (
        f"{len(told.intents)} intents learnt from {report.train} examples; measured on {told.inside} texts"
        f"{f' and {outside} that fit none of them' if outside else ', each of which fits one of them'}."
    )
    return _SHELL.substitute(
        title=_safe(title),
        lead=_safe(lead),
        figures="\n".join(_figures(report)),
        diagrams="\n".join(_diagram(name, image) for name, image in images.items()),
        confused=_confused(confused(told, report.thresholds.in_scope)),
    )


def _safe(text: str) -> str:
    """Any text as HTML shows it; half a surrogate pair could not be written."""
    return escape(text.encode("utf-8", "replace").decode())


def _figures(report: Report) -> Iterator[str]:
    for name, value in asdict(report.metrics).items():
        if value is not None:
            yield _pair(_TITLES[name], f"{value:.2f}" if name.endswith("_ms") else f"{value:.3f}")
    yield _pair("in-scope threshold", f"{report.thresholds.in_scope:.2f}")
    yield _pair("threshold for asking back", f"{report.thresholds.clarify:.2f}")


def _pair(name: str, value: str) -> str:
    return f'<tr><td>{_safe(name)}</td><td class="number">{value}</td></tr>'


def _diagram(name: str, image: bytes) -> str:
    heading = Path(name).stem.capitalize()
    source = base64.b64encode(image).decode("ascii")
    # Every diagram at its own size, so that all are lettered alike: a PNG's width stands in its bytes 16 to 19.
    inches = int.from_bytes(image[16:20], "big") / DPI
    return (
        f'<h2>{heading}</h2><figure><img alt="{heading}" style="width: {inches:.2f}in" '
        f'src="data:image/png;base64,{source}">'
        f"<figcaption>{_safe(_CAPTIONS[name])}</figcaption></figure>"
    )


def _confused(pairs: Sequence[ConfusedPair]) -> str:
    if not pairs:
        return '<p class="none">Nothing was confused.</p>'
    head = '<tr><th>is</th><th>was taken for</th><th class="number">texts</th><th>such as</th></tr>'
    return f"<table><thead>{head}</thead><tbody>{''.join(map(_row, pairs))}</tbody></table>"


def _row(pair: ConfusedPair) -> str:
    # A long name may be broken after each of its words.
    names = (_safe(label).replace("_", "_<wbr>") for label in (pair.truth, pair.given))
    labels = "".join(f'<td class="label">{name}</td>' for name in names)
    return f'<tr>{labels}<td class="number">{pair.count}</td><td class="texts">{_texts(pair.texts)}</td></tr>'


def _texts(texts: Iterable[str]) -> str:
    return "".join(f'<span dir="auto">{_safe(_short(text))}</span>' for text in texts)


def _short(text: str, most: int = 160) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= most else f"{plain[: most - 1].rstrip()}…"
