"""Making a version: the classifier is trained on everything, and measured on what it was not taught."""

from __future__ import annotations

import platform
import shutil
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from munshi import __version__
from munshi.intents.base import IntentError
from munshi.intents.evaluation import check_sets
from munshi.intents.examples import Examples
from munshi.intents.model_card import card
from munshi.intents.models import CARD, WORK, ModelStore, Version, new_name, write_parts, write_version
from munshi.intents.models_held_out import FOLDS, Figures, HeldOut, data_hash, measure, sha256_of, without
from munshi.intents.models_manifest import Manifest, Measured, Recipe
from munshi.intents.registry import Trained, Training, factory, loader

# Classifiers that take minutes and more to train: one part is held out, and a stopped training goes on.
LONG = frozenset({"fine_tuned", "ensemble"})


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a version is made from.

    `training` gives encoder, preprocessing, seed, base and false-accept rate; where it has a `work` folder, each
    training of the lesson works in a folder of its own there. `test` is measured on; without it the examples are held
    out in turn. `business` is the pack whose preprocessing it is, `command` what makes the version again,
    `language_of` names a text's language.
    """

    classifier: str
    examples: Examples
    training: Training
    language_of: Callable[[str], str]
    test: Examples | None = None
    folds: int | None = None
    business: str | None = None
    command: str = ""

    @property
    def recipe(self) -> Recipe:
        """How it is trained."""
        base = self.training.base
        return Recipe(
            self.classifier, self.training.seed, str(base.resolve()) if base else None, self.training.false_accept
        )

    @property
    def fingerprint(self) -> str:
        """What a stopped training must have in common with the one that goes on from it, in 16 hexadecimal digits."""
        encoder = self.training.encoder
        return sha256_of([asdict(self.recipe), encoder.name if encoder else "", data_hash(self.examples)])[:16]

    def held_out(self) -> HeldOut:
        """What it is measured on."""
        if self.test is not None:
            return HeldOut.from_test(self.test, self.examples)
        folds = self.folds or (1 if self.classifier in LONG else FOLDS)
        return HeldOut.from_examples(self.examples, folds=folds, seed=self.training.seed)


@dataclass(frozen=True, slots=True)
class Pupil:
    """A recipe with its examples: what gives a classifier that was taught nothing of what it is measured on.

    `whole` is what it makes of all its examples; it is taken where none of them is held out.
    """

    recipe: Recipe
    examples: Examples
    training: Training
    whole: Callable[[], Trained]

    def without(self, at: int, held_out: Examples) -> Trained:
        """The classifier for part `at`. Raises what training raises."""
        rest = without(self.examples, (held_out,))
        if len(rest.texts) + len(rest.out_of_scope) == len(self.examples.texts) + len(self.examples.out_of_scope):
            return self.whole()
        self.training.progress(f"Part {at + 1}: learning without {len(held_out.texts)} examples to be measured on them")
        return teach(self.recipe, rest, self.training, f"part-{at + 1}")


def teach(recipe: Recipe, examples: Examples, training: Training, place: str) -> Trained:
    """Train as the recipe says, in the folder `place` of the training's work folder. Raises what training raises."""
    return factory(recipe.classifier)(
        examples,
        replace(
            training,
            seed=recipe.seed,
            base=Path(recipe.base) if recipe.base else None,
            false_accept=recipe.false_accept,
            work=training.work / place if training.work else None,
        ),
    )


def train_into(store: ModelStore, lesson: Lesson, *, resume: bool = True) -> Version:
    """Train and keep the version in the store; nothing is promoted.

    A training that was stopped goes on unless `resume` is False. Raises what training raises, and IntentError where
    the classifier cannot be kept.
    """
    work = store.folder / f"{WORK}-{lesson.fingerprint}"
    finished = _train(lesson, work, resume=resume)
    name = new_name(lesson.classifier)
    version = store.add(name, finished.writer(name))
    shutil.rmtree(work, ignore_errors=True)
    return version


def train_to(folder: Path, lesson: Lesson, *, resume: bool = True) -> Version:
    """Train and keep the version as `folder`, which must be new, empty, or hold nothing but a stopped training.

    Raises as `train_into`.
    """
    folder = folder.resolve()
    try:
        held = [path.name for path in folder.iterdir()] if folder.exists() else []
        if held and held != [WORK]:
            raise IntentError(f"{folder} is not empty: give a new folder, or one with a stopped training in it")
        folder.mkdir(parents=True, exist_ok=True)
        finished = _train(lesson, folder / WORK, resume=resume)
        return write_version(folder, finished.writer(new_name(lesson.classifier)))
    except OSError as error:
        raise IntentError(f"{folder} cannot be written ({error.strerror or error}): give another folder") from error


@dataclass(frozen=True, slots=True)
class _Finished:
    lesson: Lesson
    classifier: Trained
    held_out: HeldOut
    figures: Figures | None

    def writer(self, name: str) -> Callable[[Path], None]:
        def write(folder: Path) -> None:
            files = write_parts(folder, self.classifier, self.lesson.examples, self.held_out)
            manifest = self._manifest(name, files)
            (folder / CARD).write_text(card(manifest), encoding="utf-8")
            manifest.write(folder)

        return write

    def _manifest(self, name: str, files: dict[str, str]) -> Manifest:
        lesson, held_out = self.lesson, self.held_out
        encoder = lesson.training.encoder
        return Manifest(
            version=name,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            recipe=lesson.recipe,
            encoder=encoder.name if encoder else "none",
            business=lesson.business,
            labels=dict(sorted(Counter(lesson.examples.labels).items())),
            out_of_scope=len(lesson.examples.out_of_scope),
            languages=dict(Counter(map(lesson.language_of, lesson.examples.texts)).most_common()),
            data_sha256=data_hash(lesson.examples),
            held_out=Measured(held_out.method, self.figures, held_out.note, held_out.digest()),
            thresholds=asdict(self.classifier.thresholds),
            munshi=f"{__version__}, Python {platform.python_version()}",
            code=_code_version(self.classifier),
            command=lesson.command,
            files=files,
        )


def _code_version(classifier: Trained) -> int | None:
    """The VERSION of the module that writes the classifier's file, by custom the one called `…_file`."""
    module = type(classifier).__module__
    found = (getattr(sys.modules.get(name), "VERSION", None) for name in (module, f"{module}_file"))
    return next((version for version in found if version is not None), None)


def _train(lesson: Lesson, work: Path, *, resume: bool) -> _Finished:
    loader(lesson.classifier)  # raises before hours are spent on what cannot be kept
    if not resume:
        shutil.rmtree(work, ignore_errors=True)
    if lesson.classifier in LONG:
        lesson = replace(lesson, training=replace(lesson.training, work=work))
    if lesson.test is not None:
        check_sets(lesson.examples, lesson.test)
    held_out = lesson.held_out()
    count = len(lesson.examples.texts)
    lesson.training.progress(f"Learning {len(lesson.examples.intents)} intents from {count} examples")
    classifier = teach(lesson.recipe, lesson.examples, lesson.training, "whole")
    pupil = Pupil(lesson.recipe, lesson.examples, lesson.training, lambda: classifier)
    return _Finished(lesson, classifier, held_out, measure(held_out, pupil.without))
