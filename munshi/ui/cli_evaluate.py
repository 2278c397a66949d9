"""`munshi evaluate`: how good it is, on your own data or on a public set."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from munshi.bot.settings import load_settings
from munshi.ui.cli_evaluate_explanations import explanations
from munshi.ui.cli_evaluate_intents import intents
from munshi.ui.cli_training import EncoderOption, encoder_of
from munshi.ui.console import (
    DONE,
    FAILED,
    BusinessOption,
    JsonOption,
    show_json,
    show_pairs,
    show_table,
    step,
    telling_faults,
)

if TYPE_CHECKING:
    from munshi.bot.conversations import ConversationReport

evaluate = typer.Typer(
    help="Measure classifiers, explanations, the retrieval, or whole conversations.", no_args_is_help=True
)

evaluate.command()(intents)
evaluate.command()(explanations)


@evaluate.command()
def retrieval(
    corpus: Annotated[Path, typer.Option(help="SQuAD JSON, or JSON with `documents`.")],
    queries: Annotated[Path | None, typer.Option(help="JSON with `queries`; left out for SQuAD.")] = None,
    encoder: EncoderOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure each arm of the search on questions whose passages are known."""
    from munshi.knowledge.evaluation import evaluate_retrieval, read_task

    with telling_faults():
        report = evaluate_retrieval(read_task(corpus, queries), encoder_of(encoder), progress=_embedded).to_dict()
    if as_json:
        show_json(report)
        return
    show_pairs({name: value for name, value in report.items() if not isinstance(value, Mapping)})
    arms: Mapping[str, Any] = report["arms"]
    metrics = list(next(iter(arms.values()))["metrics"]) if arms else []
    rows = [(name, *(_estimate(arm["metrics"][metric]) for metric in metrics)) for name, arm in arms.items()]
    show_table(("arm", *metrics), rows)


def _embedded(done: int, total: int) -> None:
    if done == total or done % 160 == 0:
        step(f"{done} of {total} passages embedded")


def _estimate(metric: Mapping[str, float]) -> str:
    return f"{metric['value']:.3f} ({metric['low']:.3f}-{metric['high']:.3f})"


@evaluate.command()
def conversations(
    file: Annotated[Path | None, typer.Argument(help="Another file than the pack's own.", show_default=False)] = None,
    business: BusinessOption = None,
    least: Annotated[float, typer.Option(min=0, max=1, help="The share that must hold for exit status 0.")] = 1.0,
    as_json: JsonOption = False,
) -> None:
    """Play an owner's tests through the real assistant, each in a chat of its own that leaves nothing behind."""
    from munshi.bot.conversations import rehearse

    with telling_faults():
        report = rehearse(load_settings(business=business), file, progress=step)
    if as_json:
        show_json(report.to_dict())
    else:
        _show(report)
    raise typer.Exit(DONE if report.share >= least else FAILED)


def _show(report: ConversationReport) -> None:
    for failure in report.failures:
        typer.secho(f"{failure.conversation} (turn {failure.turn}: {failure.said})", bold=True)
        typer.echo(f"  expected  {failure.expected}\n  got       {failure.got}")
    rows = [(tag, f"{held} of {total}") for tag, (held, total) in sorted(report.by_tag.items())]
    show_table(("tag", "held"), rows)
    typer.echo(f"{report.held} of {report.total} conversations hold ({report.share:.1%}).")
    worded = report.worded
    if worded.asked:
        held_back = ", ".join(f"{kind} {count}" for kind, count in worded.held_back.items()) or "nothing"
        typer.echo(
            f"The language model was asked in {worded.asked} turns and worded {worded.worded}, {worded.again} at a"
            f" second try; held back: {held_back}."
        )
