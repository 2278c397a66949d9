"""`munshi evaluate explanations`: whether the words that an explanation names are those that matter."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer

from munshi.bot.settings import Settings, load_settings
from munshi.ui.cli_training import BaseOption, EncoderOption, ModelOption, SeedOption, encoder_of, model_of
from munshi.ui.console import (
    DONE,
    FAILED,
    WRONG_USE,
    BusinessOption,
    JsonOption,
    fault,
    show_json,
    show_table,
    step,
    telling_faults,
)

if TYPE_CHECKING:
    from munshi.bot.business import Business
    from munshi.intents.explain_evaluation import Faithfulness
    from munshi.knowledge.evaluation import Estimate


def explanations(
    train: Annotated[Path | None, typer.Option(help="CSV or TSV to learn from.", show_default=False)] = None,
    test: Annotated[Path | None, typer.Option(help="The texts to explain.", show_default=False)] = None,
    oos_label: Annotated[str | None, typer.Option(help="The label of what fits no intent.", show_default=False)] = None,
    business: BusinessOption = None,
    classifier: Annotated[str, typer.Option(help="Which classifier learns from --train.")] = "few_shot",
    sample: Annotated[int, typer.Option(min=1, help="Explain at most so many texts, drawn at random.")] = 200,
    seed: SeedOption = 0,
    encoder: EncoderOption = None,
    base: BaseOption = None,
    llm: ModelOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take out important and unimportant words and see what moves the answer; exit status 1 where it is the latter.

    With --train and --test a classifier is trained; else it is that of the business, on its conversations.
    """
    if (train is None) != (test is None):
        raise fault("--train and --test belong together: give both, or neither for a business", WRONG_USE)
    with telling_faults():
        if train is not None and test is not None:
            report = _of_files(train, test, oos_label, classifier, sample, seed, encoder, base, llm)
        else:
            report = _of_business(load_settings(business=business, encoder=encoder), sample, seed)
    if as_json:
        show_json(report.to_dict())
    else:
        _show(report)
    raise typer.Exit(DONE if report.faithful else FAILED)


def _of_files(
    train: Path,
    test: Path,
    oos_label: str | None,
    classifier: str,
    sample: int,
    seed: int,
    encoder: str | None,
    base: Path | None,
    llm: str | None,
) -> Faithfulness:
    """Of a classifier that is trained for it."""
    from munshi.intents.examples import read_examples
    from munshi.intents.explain_evaluation import evaluate_explanations
    from munshi.intents.registry import Training, factory

    make = factory(classifier)
    learnt, asked = (read_examples(path).splitting_off(oos_label) for path in (train, test))
    texts = _sampled(asked.texts, sample, seed)
    training = Training(encoder_of(encoder), seed=seed, model=model_of(llm), base=base, progress=step)
    return evaluate_explanations(make(learnt, training), texts, seed=seed, progress=_explained)


def _of_business(settings: Settings, sample: int, seed: int) -> Faithfulness:
    """Of a business's own classifier, on its conversations."""
    from munshi.bot.app import open_app
    from munshi.intents.explain_evaluation import evaluate_explanations

    with open_app(settings, progress=step) as app:
        texts = _sampled(_messages(app.business), sample, seed)
        return evaluate_explanations(app.classifier, texts, seed=seed, progress=_explained)


def _messages(business: Business) -> list[str]:
    """What customers say in the business's conversations; without any, its examples."""
    from munshi.bot.pack.conversations import load_conversations

    if business.conversations is None:
        return [text for intent in business.intents for text in intent.examples]
    conversations = load_conversations(business.conversations)
    return list(dict.fromkeys(turn.say for conversation in conversations for turn in conversation.turns))


def _sampled(texts: Sequence[str], most: int, seed: int) -> list[str]:
    if len(texts) <= most:
        return list(texts)
    chosen = np.random.default_rng(seed).choice(len(texts), most, replace=False)
    return [texts[at] for at in sorted(chosen.tolist())]


def _explained(done: int, total: int) -> None:
    if done == total or done % 50 == 0:
        step(f"{done} of {total} texts explained")


def _show(report: Faithfulness) -> None:
    rows = [
        ("important (PGI)", *_estimate(report.pgi)),
        ("unimportant (PGU)", *_estimate(report.pgu)),
        ("drawn at random", *_estimate(report.random)),
        ("PGI - PGU", *_estimate(report.difference)),
    ]
    show_table(("without the words that are", "moves by", "95 % interval"), rows)
    typer.echo("")
    by_words = [(r.words, r.texts, f"{r.pgi:.3f}", f"{r.pgu:.3f}", f"{r.random:.3f}") for r in report.by_words]
    show_table(("words at once", "texts", "PGI", "PGU", "random"), by_words)
    typer.echo(
        f"\nThe words named matter more than the others in {report.share:.1%} of {report.texts} texts"
        f" ({report.skipped} with no intent or too few words left out). With one word at a time that is nearly"
        " so by the way it is measured; two and three at once are the test."
    )
    if not report.faithful:
        typer.secho("The explanations are not faithful: unimportant words move the answer as much.", bold=True)


def _estimate(estimate: Estimate) -> tuple[str, str]:
    return f"{estimate.value:.3f}", f"{estimate.low:.3f} to {estimate.high:.3f}"
