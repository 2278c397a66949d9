"""`munshi tune`: weights chosen on your own questions, and whether the choice is worth making."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from munshi.bot.settings import load_settings
from munshi.ui.console import BusinessOption, JsonOption, show_json, show_pairs, step, telling_faults

if TYPE_CHECKING:
    from munshi.knowledge.evaluation import Estimate
    from munshi.knowledge.search import HybridRetriever
    from munshi.knowledge.tuning import Choice, TuningReport
    from munshi.knowledge.tuning_questions import Asked

tune = typer.Typer(help="Find the weights that suit your papers, by cross-validation.", no_args_is_help=True)


@tune.callback()
def _options() -> None:
    """Find the weights that suit your papers, by cross-validation."""


@tune.command()
def retrieval(
    questions: Annotated[
        Path | None,
        typer.Option(
            help="CSV with `question` and `passage_id`, `source` or `answer` (words of the passage). "
            "Left out: the FAQ's own alternates, each asked of papers without it.",
            show_default=False,
        ),
    ] = None,
    business: BusinessOption = None,
    folds: Annotated[int, typer.Option(min=2, max=20, help="Parts the questions are cut into.")] = 5,
    as_json: JsonOption = False,
) -> None:
    """Find alpha, BM25's method, k1, b and MaxSim's weight on questions whose passages are known; changes nothing."""
    from munshi.bot.business import find_business, load_business
    from munshi.bot.opening import open_library
    from munshi.bot.retrieval import lexical_settings
    from munshi.knowledge.tuning import tune as search_weights

    settings = load_settings(business=business)
    with telling_faults(), open_library(settings, progress=step) as library:
        retriever = library.retriever
        rounds = _rounds(questions, retriever)
        report = search_weights(
            rounds,
            retriever.encoder,
            settings=retriever.settings,
            lexical=lexical_settings(load_business(find_business(settings.business))),
            prepare=retriever.prepare,
            folds=folds,
            told=_told,
        )
    if as_json:
        show_json({**report.to_dict(), "retrieval": lines(report.best)})
    else:
        _show(report)


def _rounds(questions: Path | None, retriever: HybridRetriever) -> tuple[Asked, ...]:
    from munshi.knowledge.base import KnowledgeError
    from munshi.knowledge.tuning_questions import left_out, read_questions

    passages = retriever.index.passages
    if questions is None:
        rounds = left_out(passages)
        if not rounds:
            raise KnowledgeError("the papers name no alternates to tune by; give --questions FILE.csv")
        return rounds
    labelled = read_questions(questions, passages)
    for line in labelled.unanswered:
        step(line)
    return (labelled.asked,)


def _told(done: int, total: int) -> None:
    if done == total or done % 10 == 0:
        step(f"{done} of {total} word indices tried")


def lines(choice: Choice) -> Mapping[str, object]:
    """What `retrieval` in business.yaml is to hold."""
    return {
        "alpha": choice.alpha,
        "method": choice.method,
        "k1": choice.k1,
        "b": choice.b,
        "maxsim_weight": choice.maxsim_weight,
    }


def _show(report: TuningReport) -> None:
    show_pairs(
        {
            "questions": f"{report.questions}, in {report.folds} folds; {report.tried} sets of weights tried",
            "now": f"nDCG@10 {_estimate(report.current_score)}  {_named(report.current)}",
            "tuned, on unseen questions": f"nDCG@10 {_estimate(report.tuned)}",
            "gain": _estimate(report.gain),
            "best on all questions": f"nDCG@10 {_estimate(report.best_seen)}  {_named(report.best)}",
        }
    )
    if not report.worthwhile:
        typer.echo("\nThe gain is within what chance gives: keep what you have.")
        return
    typer.echo("\nTo use it, put this into business.yaml:\n\nretrieval:")
    for name, value in lines(report.best).items():
        typer.echo(f"  {name}: {value}")


def _estimate(figure: Estimate) -> str:
    return f"{figure.value:.3f} ({figure.low:.3f} to {figure.high:.3f})"


def _named(choice: Choice) -> str:
    return ", ".join(f"{name} {value}" for name, value in lines(choice).items())
