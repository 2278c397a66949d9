"""`munshi evaluate intents`: one classifier's figures and diagrams, or several side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from munshi.ui.cli_training import BaseOption, EncoderOption, ModelOption, SeedOption, encoder_of, model_of, preparing
from munshi.ui.console import WRONG_USE, JsonOption, fault, show_json, show_pairs, show_table, step, telling_faults

if TYPE_CHECKING:
    from munshi.intents.evaluation_compare import Row

# What stands in the table of several classifiers, as wide as a terminal: the figure, its heading, how it is told.
_COLUMNS = (
    ("accuracy", "acc", "{:.3f}"),
    ("in_scope_accuracy", "inside", "{:.3f}"),
    ("oos_recall", "OOS", "{:.3f}"),
    ("auroc", "AUROC", "{:.3f}"),
    ("mcc", "MCC", "{:.3f}"),
    ("ece", "ECE", "{:.3f}"),
    ("p50_ms", "p50 ms", "{:.1f}"),
    ("p95_ms", "p95 ms", "{:.1f}"),
)

PlotsOption = Annotated[
    Path | None, typer.Option(help="A folder for the diagrams and a page that shows them.", show_default=False)
]


def intents(
    train: Annotated[Path, typer.Option(help="CSV or TSV: text|sentence|query and label|category|intent.")],
    test: Annotated[Path, typer.Option(help="The same columns; not looked at before the end.")],
    oos_label: Annotated[str | None, typer.Option(help="The label of what fits no intent.", show_default=False)] = None,
    classifier: Annotated[str, typer.Option(help="Which classifier.")] = "few_shot",
    compare: Annotated[
        list[str] | None, typer.Option(help="Several, by comma, each against the first.", show_default=False)
    ] = None,
    shots: Annotated[int | None, typer.Option(min=1, help="Learn from so many examples an intent.")] = None,
    seeds: Annotated[int, typer.Option(min=1, max=50, help="Draw them so many times.")] = 3,
    seed: SeedOption = 0,
    prepare: Annotated[bool, typer.Option(help="Send texts through the bot's own preprocessing first.")] = False,
    encoder: EncoderOption = None,
    base: BaseOption = None,
    llm: ModelOption = None,
    high_risk: Annotated[
        list[str] | None, typer.Option(help="Intents, by comma, that must not run by mistake.", show_default=False)
    ] = None,
    plots: PlotsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure classifiers; thresholds come from the training data alone, except where a figure says swept."""
    from munshi.intents.evaluation_compare import compare as measure
    from munshi.intents.examples import read_examples
    from munshi.intents.registry import Training, factory

    if plots and shots:
        raise fault("--plots shows one training, --shots are several: leave one of them out", WRONG_USE)
    chosen = by_comma(compare) or [classifier]
    with telling_faults():
        factories = {name: factory(name) for name in chosen}
        folders = _folders(plots, chosen, several=bool(compare))
        learnt, asked = (read_examples(path).splitting_off(oos_label) for path in (train, test))
        prepared = preparing(learnt.texts) if prepare else str
        training = Training(encoder_of(encoder), prepared, seed, model_of(llm), base, progress=step)
        rows = measure(learnt, asked, factories, training, shots=shots, seeds=seeds, progress=_classified)
        told = [_told(row, by_comma(high_risk)) for row in rows]
        _draw(rows, folders, test)
    _show_all(told, several=bool(compare), as_json=as_json)


def _show_all(told: Sequence[Mapping[str, Any]], *, several: bool, as_json: bool) -> None:
    if as_json:
        show_json({"compare": told} if several else _alone(told[0]))
    elif several:
        _show_several(told)
    else:
        _show(_alone(told[0]))


def by_comma(given: Sequence[str] | None) -> list[str]:
    """What an option names that takes several, by comma or repeated, each once."""
    names = (name.strip() for part in given or () for name in part.split(","))
    return list(dict.fromkeys(filter(None, names)))


def _classified(done: int, total: int) -> None:
    if done == total or done % 1000 == 0:
        step(f"{done} of {total} texts classified")


def _told(row: Row, high_risk: Sequence[str]) -> dict[str, Any]:
    """A row as JSON takes it, with the high-risk intents in it."""
    told = row.to_dict()
    if high_risk:
        told["high_risk"] = [asdict(found) for found in row.report.risks(high_risk)]
    return told


def _alone(told: Mapping[str, Any]) -> dict[str, Any]:
    """The row without what only makes sense beside another."""
    return {name: value for name, value in told.items() if name not in ("name", "versus_first")}


def _folders(plots: Path | None, names: Sequence[str], *, several: bool) -> dict[str, Path]:
    """Where each classifier's diagrams go; told now, not after an hour's training, if they cannot."""
    if plots is None:
        return {}
    from munshi.intents.evaluation_page import check_folder

    folders = {name: plots / name if several else plots for name in names}
    for folder in folders.values():
        check_folder(folder)
    return folders


def _draw(rows: Sequence[Row], folders: Mapping[str, Path], test: Path) -> None:
    from munshi.intents.evaluation_page import PAGE, write_folder
    from munshi.intents.evaluation_report import Report

    for row in rows:
        if row.name in folders and isinstance(row.report, Report):
            write_folder(row.report, folders[row.name], f"{row.name} on {test.name}")
            step(f"The diagrams stand in {folders[row.name] / PAGE}")


def _show(report: Mapping[str, Any]) -> None:
    show_pairs(_flat(report))
    if report.get("steps"):
        rows = [(row["name"], f"{row['share']:.1%}", *_times(row), row["failures"]) for row in report["steps"]]
        typer.echo("")
        show_table(("step", "settled", "p50 ms", "p95 ms", "failures"), rows)
    _show_risks(report.get("high_risk", ()))


def _times(row: Mapping[str, Any]) -> tuple[str, str]:
    return f"{row['p50_ms']:.2f}", f"{row['p95_ms']:.2f}"


def _show_risks(risks: Sequence[Mapping[str, Any]]) -> None:
    if not risks:
        return
    typer.echo("")
    rows = [(r["intent"], _accept(r["accept"]), _share(r["direct_accept"]), _share(r["false_accept"])) for r in risks]
    show_table(("high-risk intent", "threshold", "its own taken at once", "others taken at once"), rows)


def _accept(threshold: float) -> str:
    """No score is above 1: a higher threshold stands for too few examples to promise anything."""
    return f"{threshold:.2f}" if threshold <= 1 else "always asked"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.2%}"


def _flat(report: Mapping[str, Any]) -> dict[str, str]:
    """The figures of a report by name; over several seeds, mean and deviation."""
    if "mean" in report:
        deviation = report["std"]
        figures = {name: f"{mean:.4f} ± {deviation[name]:.4f}" for name, mean in report["mean"].items()}
    else:
        figures = {}
    plain = {name: value for name, value in report.items() if isinstance(value, str | int | float)}
    thresholds = {f"{name} threshold": value for name, value in report.get("thresholds", {}).items()}
    rounded = {name: f"{value:.4f}" if isinstance(value, float) else str(value) for name, value in plain.items()}
    single = {name: f"{value:.2f}" for name, value in thresholds.items() if isinstance(value, float)}
    return rounded | single | figures


def _show_several(told: Sequence[Mapping[str, Any]]) -> None:
    """Classifiers as rows; a figure that none of them has is left out."""
    figures = [report.get("mean", report) for report in told]
    columns = [column for column in _COLUMNS if any(row.get(column[0]) is not None for row in figures)]
    rows = [
        (report["name"], *(_cell(row.get(name), form) for name, _, form in columns), _versus(report["versus_first"]))
        for report, row in zip(told, figures, strict=True)
    ]
    show_table(("classifier", *(heading for _, heading, _ in columns), "p"), rows)
    typer.echo("\ninside: accuracy on texts in scope with nothing rejected. p: how likely so large a difference in")
    typer.echo("accuracy to the first would be by chance alone. --json has more figures.")
    for report in told:
        if report.get("high_risk"):
            typer.secho(f"\n{report['name']}", bold=True)
            _show_risks(report["high_risk"])


def _cell(value: float | None, form: str) -> str:
    return "-" if value is None else form.format(value)


def _versus(difference: Mapping[str, Any] | None) -> str:
    if difference is None:
        return "-"
    p = difference["p_value"]
    return "<0.001" if p < 0.001 else f"{p:.3f}"
