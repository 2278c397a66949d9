"""`munshi train`: a model from the pack's examples or from a file, kept as a version with its card."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from munshi.bot.settings import load_settings
from munshi.ui.console import (
    WRONG_USE,
    BusinessOption,
    JsonOption,
    fault,
    show_json,
    show_pairs,
    step,
    telling_faults,
)

if TYPE_CHECKING:
    from munshi.bot.opening import School
    from munshi.intents.examples import Examples
    from munshi.intents.models import Version
    from munshi.intents.models_train import Lesson

STOPPED = 130

FoldsOption = Annotated[
    int | None,
    typer.Option(
        min=1, max=20, help="Hold out so many folds in turn, or with 1 a fifth once.", show_default="5; 1 if slow"
    ),
]

train = typer.Typer(help="Train a model; it is measured on examples it has not seen, and kept as a version.")


@train.callback()
def _group() -> None:
    """Train a model; it is measured on examples it has not seen, and kept as a version."""


@train.command()
def intents(
    business: BusinessOption = None,
    classifier: Annotated[str, typer.Option(help="Which classifier.")] = "few_shot",
    train: Annotated[
        Path | None, typer.Option(help="CSV or TSV of examples; default: the pack's own.", show_default=False)
    ] = None,
    test: Annotated[
        Path | None, typer.Option(help="Measure on this; default: examples held out.", show_default=False)
    ] = None,
    oos_label: Annotated[str | None, typer.Option(help="The label of what fits no intent.", show_default=False)] = None,
    base: Annotated[
        Path | None, typer.Option(help="The Hugging Face folder to start from.", show_default=False)
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="For what is drawn at random.")] = 0,
    folds: FoldsOption = None,
    out: Annotated[
        Path | None, typer.Option(help="With --train: make a folder of its own, for no pack.", show_default=False)
    ] = None,
    resume: Annotated[bool, typer.Option(help="Go on with a training that was stopped.")] = True,
    promote: Annotated[bool, typer.Option("--promote", help="Promote it where its figures do not fall.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Train a classifier of intents. Without --out it goes to the pack's models; `munshi models` lists them."""
    if out is not None and (train is None or promote or business):
        raise fault("--out goes with --train, and without --business and --promote: it is for no pack", WRONG_USE)
    with telling_faults(), _stoppable(classifier, resume):
        pack = None if out is not None else str(load_settings(business=business).business)
        command = _command(pack, classifier, train, test, oos_label, base, seed, folds, out)
        made: dict[str, Any] = {"classifier": classifier, "folds": folds, "command": command}
        held_out, change = _read_test(test, oos_label), None
        if out is not None and train is not None:
            version = _for_no_pack(out, _read(train, oos_label), held_out, base, seed, made, resume)
        else:
            with _school(business) as school:
                lesson = _lesson(school, train, oos_label, base, seed, made)
                version = _kept(school, replace(lesson, test=held_out), resume)
                change = _promoted(school, version) if promote else None
    _show(version, change, as_json)


@contextmanager
def _school(business: str | None) -> Iterator[School]:
    from munshi.bot.opening import open_school

    with open_school(load_settings(business=business), progress=step) as school:
        yield school


@contextmanager
def _stoppable(classifier: str, resume: bool) -> Iterator[None]:
    """Ctrl-C in one line, with what to do next."""
    from munshi.intents.models_train import LONG

    try:
        yield
    except KeyboardInterrupt:
        again = "the same command goes on from here" if classifier in LONG else "nothing was kept"
        again = again if resume else f"{again} with --resume"
        raise fault(f"stopped; {again}", STOPPED) from None


def _read(path: Path, oos_label: str | None) -> Examples:
    from munshi.intents.examples import read_examples

    return read_examples(path).splitting_off(oos_label)


def _read_test(path: Path | None, oos_label: str | None) -> Examples | None:
    return None if path is None else _read(path, oos_label)


def _lesson(
    school: School, train: Path | None, oos_label: str | None, base: Path | None, seed: int, made: dict[str, Any]
) -> Lesson:
    from munshi.bot.language import detect_language
    from munshi.intents.base import TrainingDataError
    from munshi.intents.examples import Examples
    from munshi.intents.models_train import Lesson

    examples = pack = Examples.from_intents(school.business.intents)
    if train is not None:
        examples = replace(_read(train, oos_label), descriptions=pack.descriptions)
        unknown = sorted(set(examples.intents) - set(pack.intents))
        if unknown:
            raise TrainingDataError(
                f"{train} has labels that are no intents of {school.business.key} ({', '.join(unknown[:5])}): "
                "add the intents, name the label of what fits none with --oos-label, or train for no pack with --out"
            )
    training = replace(school.training, seed=seed, base=base)
    return Lesson(
        examples=examples, training=training, language_of=detect_language, business=school.business.key, **made
    )


def _for_no_pack(
    out: Path,
    examples: Examples,
    test: Examples | None,
    base: Path | None,
    seed: int,
    made: dict[str, Any],
    resume: bool,
) -> Version:
    from munshi.bot.language import detect_language
    from munshi.intents.models_train import Lesson, train_to
    from munshi.intents.registry import Training
    from munshi.knowledge.encoder import open_encoder

    settings = load_settings()
    key = settings.encoder_key.get_secret_value() or None
    encoder = open_encoder(settings.encoder, home=settings.home, progress=step, threads=settings.threads, key=key)
    training = Training(encoder, seed=seed, base=base, progress=step)
    lesson = Lesson(examples=examples, training=training, language_of=detect_language, test=test, **made)
    return train_to(out, lesson, resume=resume)


def _kept(school: School, lesson: Lesson, resume: bool) -> Version:
    from munshi.intents.models_train import train_into

    return train_into(school.models, lesson, resume=resume)


def _promoted(school: School, version: Version) -> str:
    """What promoting came to: a refusal leaves the version where it is, and is no fault of the training."""
    from munshi.intents.base import IntentError
    from munshi.intents.examples import Examples
    from munshi.intents.models_gate import promote

    pack = Examples.from_intents(school.business.intents)
    try:
        promote(school.models, version.manifest.version, pack, school.training)
    except IntentError as error:
        raise IntentError(f"kept, but {error}") from error
    return "promoted"


def _show(version: Version, change: str | None, as_json: bool) -> None:
    made = version.manifest
    if as_json:
        show_json({**made.to_dict(), "folder": str(version.folder), "promoted": change is not None})
        return
    figures = made.held_out.figures
    told = {"held out": made.held_out.method, "note": made.held_out.note}
    if figures is not None:
        named = {name: getattr(figures, name) for name in ("accuracy", "macro_f1", "mcc", "ece")}
        told |= {"tested on": f"{figures.tested} texts"} | {name: f"{value:.4f}" for name, value in named.items()}
    show_pairs({"version": made.version, "folder": str(version.folder), **{k: v for k, v in told.items() if v}})
    if change is not None:
        typer.echo("It is promoted: Munshi uses it from its next start.")
    elif made.business is not None:
        typer.echo(f"Use it with: munshi models promote {made.version}")


def _command(
    business: str | None,
    classifier: str,
    train: Path | None,
    test: Path | None,
    oos_label: str | None,
    base: Path | None,
    seed: int,
    folds: int | None,
    out: Path | None,
) -> str:
    """The command line that makes the same model again."""
    options = {
        "--business": business, "--classifier": classifier, "--train": train, "--test": test, "--oos-label": oos_label,
        "--base": base, "--seed": seed, "--folds": folds, "--out": out,
    }  # fmt: skip
    given = [part for name, value in options.items() if value is not None for part in (name, str(value))]
    return shlex.join(["munshi", "train", "intents", *given])
