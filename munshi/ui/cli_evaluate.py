"""`munshi evaluate`: how good it is, on your own data or on a public set."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from munshi.bot.settings import load_settings
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
    from munshi.knowledge.base import Encoder

evaluate = typer.Typer(help="Measure the classifier, the retrieval, or whole conversations.", no_args_is_help=True)

EncoderOption = Annotated[str | None, typer.Option(help="Another encoder than MUNSHI_ENCODER.", show_default=False)]


def _encoder(spec: str | None) -> Encoder | None:
    from munshi.knowledge.encoder import open_encoder

    settings = load_settings(encoder=spec)
    key = settings.encoder_key.get_secret_value() or None
    return open_encoder(settings.encoder, home=settings.home, progress=step, threads=settings.threads, key=key)


@evaluate.command()
def intents(
    train: Annotated[Path, typer.Option(help="CSV or TSV: text|sentence|query and label|category|intent.")],
    test: Annotated[Path, typer.Option(help="The same columns; not looked at before the end.")],
    oos_label: Annotated[str | None, typer.Option(help="The label of what fits no intent.", show_default=False)] = None,
    classifier: Annotated[str, typer.Option(help="Which classifier.")] = "few_shot",
    shots: Annotated[int | None, typer.Option(min=1, help="Learn from so many examples an intent.")] = None,
    seeds: Annotated[int, typer.Option(min=1, max=50, help="Draw them so many times.")] = 3,
    prepare: Annotated[bool, typer.Option(help="Send texts through the bot's own preprocessing first.")] = False,
    encoder: EncoderOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure a classifier; thresholds come from the training data alone, except where a figure says swept."""
    from munshi.intents.evaluation import evaluate, evaluate_shots
    from munshi.intents.examples import read_examples
    from munshi.intents.registry import Training, factory

    with telling_faults():
        make = factory(classifier)
        learnt, asked = (read_examples(path).splitting_off(oos_label) for path in (train, test))
        training = Training(_encoder(encoder), _prepare(learnt.texts) if prepare else str)
        if shots is None:
            report = evaluate(learnt, asked, make, training).to_dict()
        else:
            report = evaluate_shots(learnt, asked, make, training, shots=shots, seeds=seeds).to_dict()
    if as_json:
        show_json(report)
    else:
        show_pairs(_flat(report))


def _prepare(texts: Sequence[str]) -> Callable[[str], str]:
    """What a message goes through before it is classified, with the training set's own words as the vocabulary."""
    from munshi.bot.preprocess import Preprocessor
    from munshi.knowledge.encoder import known_words

    vocabulary = [word for text in texts for word in re.findall(r"[^\W\d_]+", text)]
    return Preprocessor(vocabulary=vocabulary, known_words=known_words(), timezone=ZoneInfo("UTC")).canonical


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
    return rounded | {name: f"{value:.2f}" for name, value in thresholds.items()} | figures


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
        report = evaluate_retrieval(read_task(corpus, queries), _encoder(encoder), progress=_embedded).to_dict()
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
