"""The model card of a version, in Markdown: what it is for, what it learnt from, how good it is, where it ends.

After Mitchell et al., "Model Cards for Model Reporting" (FAT* 2019).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from munshi.intents.models_held_out import Figures
from munshi.intents.models_manifest import Manifest

_MEANINGS = {
    "accuracy": "share of texts decided rightly, as deployed",
    "macro_f1": "mean over the intents of F1",
    "mcc": "Matthews correlation",
    "in_scope_accuracy": "share of the texts in scope that got their intent, nothing rejected",
    "ece": "expected calibration error, 15 bins",
    "oos_recall": "share of the texts out of scope that were rejected",
    "auroc": "chance that a text in scope scores above one out of it",
}
_MEASURED = {
    "cross-validation": (
        "Each example was held out once, in one of several stratified folds, and judged by a classifier that the same "
        "recipe made of the rest; the figures are over all of them. They speak of the recipe: the weights kept here "
        "learnt from every example."
    ),
    "split": (
        "A stratified fifth of the examples was held out and judged by a classifier that the same recipe made of the "
        "rest. The figures speak of the recipe: the weights kept here learnt from every example."
    ),
    "test file": "The classifier kept here was measured on a test file; thresholds come from the training data alone.",
    "none": "Nothing could be held out, so nothing was measured.",
}


def card(manifest: Manifest) -> str:
    """The card."""
    parts = (_head, _use, _data, _figures, _thresholds, _limits, _again)
    return "\n\n".join(part(manifest) for part in parts) + "\n"


def _head(made: Manifest) -> str:
    recipe = made.recipe
    rows = {
        "classifier": recipe.classifier,
        "encoder": made.encoder,
        "base": recipe.base or "none",
        "seed": recipe.seed,
        "made": made.created,
        "by": f"Munshi {made.munshi}",
    }
    return f"# {made.version}\n\n{_table(('', ''), rows.items())}"


def _use(made: Manifest) -> str:
    whose = f"the business {made.business}" if made.business else "a business with these intents"
    return (
        f"## Intended use\n\nTo tell which of {len(made.labels)} intents a customer's message has, before {whose}. "
        "It decides nothing by itself: thresholds, confirmations and handlers come after it."
    )


def _data(made: Manifest) -> str:
    languages = ", ".join(f"{name} {count}" for name, count in made.languages.items())
    return (
        f"## Data\n\n{made.examples} examples in scope, {made.out_of_scope} out of scope. "
        f"Languages seen: {languages or 'none'}. SHA-256 of the examples: `{made.data_sha256}`. They stand in "
        f"`examples.json`.\n\n{_table(('intent', 'examples'), made.labels.items())}"
    )


def _figures(made: Manifest) -> str:
    measured = made.held_out
    told = f"## Figures\n\n{_MEASURED[measured.method]} {measured.note}".rstrip()
    if measured.figures is None:
        return told
    rows = [(name, value, _MEANINGS[name]) for name, value in _shares(measured.figures).items()]
    count = f"{measured.figures.tested} texts, {measured.figures.out_of_scope} of them out of scope"
    return f"{told} Held out: {count} (SHA-256 `{measured.sha256}`).\n\n{_table(('figure', 'value', 'what'), rows)}"


def _shares(figures: Figures) -> Mapping[str, str]:
    values = asdict(figures)
    return {name: "not measured" if values[name] is None else f"{values[name]:.4f}" for name in _MEANINGS}


def _thresholds(made: Manifest) -> str:
    told = {name: value for name, value in made.thresholds.items() if isinstance(value, float)}
    rows = [(name, f"{value:.2f}") for name, value in told.items()]
    rows += [(f"accept {name}", _accept(value)) for name, value in dict(made.thresholds.get("accept", {})).items()]
    return (
        "## Thresholds\n\nChosen on the training data alone; high-risk intents for a false-accept share of "
        f"{made.recipe.false_accept:g}.\n\n{_table(('threshold', 'value'), rows)}"
    )


def _accept(score: float) -> str:
    """No score is above 1."""
    return f"{score:.2f}" if score <= 1 else "always confirmed"


def _limits(made: Manifest) -> str:
    few = [name for name, count in made.labels.items() if count < 5]
    lines = [
        "It knows the intents above and no others.",
        "A language, a spelling or a subject that is not among the examples is where it errs first.",
        "The files here hold the examples word for word: keep them as you keep the pack.",
    ]
    if few:
        lines.append(f"Fewer than five examples: {', '.join(few)}. Figures about these say little.")
    if made.held_out.figures is not None and made.held_out.figures.tested < 200:
        lines.append("Fewer than 200 texts were held out: the figures move by some hundredths from draw to draw.")
    return "## Limits\n\n" + "\n".join(f"- {line}" for line in lines)


def _again(made: Manifest) -> str:
    return f"## To make it again\n\n```\n{made.command}\n```"


def _table(columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> str:
    lines = [columns, ("---",) * len(columns), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(value: object) -> str:
    """A label may hold anything, a bar or a line break too."""
    return " ".join(str(value).split()).replace("|", "\\|")
