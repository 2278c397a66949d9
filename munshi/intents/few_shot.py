"""The few-shot classifier: it learns a shop's intents from a dozen examples each, within a second."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from munshi.intents.acceptance import FALSE_ACCEPT
from munshi.intents.base import Intent, IntentError, Prediction
from munshi.intents.calibration import Calibration, Thresholds
from munshi.intents.examples import Examples
from munshi.intents.few_shot_file import VERSION, read_model, write_model
from munshi.intents.few_shot_model import FewShotModel, Vectors
from munshi.intents.registry import Training
from munshi.intents.support import Support
from munshi.knowledge.base import Encoder


class FewShotClassifier:
    """Kernel ridge regression on sentence vectors and n-grams; without an encoder on n-grams alone.

    Deterministic, and safe to call from several threads. It learns from the examples and from the intents' own names
    and descriptions; `prepare` gives texts their canonical form, those learnt from and those classified alike.
    """

    name = "few_shot"

    def __init__(
        self,
        model: FewShotModel,
        calibration: Calibration,
        encoder: Encoder | None,
        *,
        prepare: Callable[[str], str] = str,
    ) -> None:
        """Join what was fitted with the encoder it was fitted with. Raises IntentError where the two do not fit."""
        name = encoder.name if encoder else ""
        if model.encoder != name:
            made, given = model.encoder or "none", name or "none"
            raise IntentError(f"the classifier learnt with the encoder {made}, not {given}: train it again")
        self._model = model
        self._calibration = calibration
        self._encoder = encoder
        self._prepare = prepare

    @classmethod
    def fit(
        cls,
        examples: Examples | Sequence[Intent],
        encoder: Encoder | None,
        *,
        prepare: Callable[[str], str] = str,
        false_accept: float = FALSE_ACCEPT,
    ) -> FewShotClassifier:
        """Learn. `false_accept` is the share of other messages that may pass for a high-risk intent.

        Raises TrainingDataError where there is nothing to learn from, or far too much.
        """
        return cls._fitted(_support(examples, prepare), encoder, prepare, false_accept)

    @classmethod
    def load_or_fit(
        cls,
        examples: Examples | Sequence[Intent],
        encoder: Encoder | None,
        *,
        cache: Path,
        prepare: Callable[[str], str] = str,
        false_accept: float = FALSE_ACCEPT,
        progress: Callable[[str], None] | None = None,
    ) -> FewShotClassifier:
        """What `fit` gives, from the folder `cache` where it was learnt from just this before, else kept there.

        `progress` is told when it must learn, and when the folder cannot be written. Raises as `fit` does.
        """
        support = _support(examples, prepare)
        key = _key(support, encoder, false_accept)
        with suppress(IntentError):  # missing, damaged or out of date: it is learnt again
            return cls(*read_model(cache, key), encoder, prepare=prepare)
        say = progress or (lambda _text: None)
        say(f"Learning {len(support.intents)} intents from {support.real} examples")
        fitted = cls._fitted(support, encoder, prepare, false_accept)
        try:
            write_model(cache, fitted._model, fitted._calibration, key)
        except OSError as error:
            say(f"The classifier could not be kept in {cache} ({error.strerror}); the next start learns again")
        return fitted

    @classmethod
    def load(cls, folder: Path, encoder: Encoder | None, *, prepare: Callable[[str], str] = str) -> FewShotClassifier:
        """What `save` kept. Raises IntentError where it is missing, damaged, or belongs to another encoder."""
        return cls(*read_model(folder), encoder, prepare=prepare)

    @classmethod
    def _fitted(
        cls, support: Support, encoder: Encoder | None, prepare: Callable[[str], str], false_accept: float
    ) -> FewShotClassifier:
        # A start that finds its fit in the cache needs none of this.
        from munshi.intents.few_shot_fit import fit_model

        return cls(*fit_model(support, encoder, false_accept=false_accept), encoder, prepare=prepare)

    def save(self, folder: Path) -> None:
        """Keep it in a folder, without the encoder. Raises IntentError where the folder cannot be written."""
        try:
            write_model(folder, self._model, self._calibration, key="")
        except OSError as error:
            raise IntentError(f"the classifier cannot be kept in {folder} ({error.strerror})") from error

    @property
    def thresholds(self) -> Thresholds:
        """Those chosen by cross-validation on the examples."""
        return self._calibration.thresholds

    @property
    def intents(self) -> tuple[str, ...]:
        """The names it may answer with, sorted."""
        return self._model.intents

    def classify(self, texts: Sequence[str]) -> list[Prediction]:
        """One prediction a text, in order; a text without anything to read gets no intent.

        Raises EncoderError where the encoder is a service that does not answer.
        """
        prepared = [self._prepare(text) for text in texts]
        told = [text for text in prepared if text.strip()]
        vectors = self._vectors(told)
        made = iter([self._predict(text, None if vectors is None else vectors[at]) for at, text in enumerate(told)])
        return [next(made) if text.strip() else Prediction(None, 0.0, 0.0, (), self.name) for text in prepared]

    def _vectors(self, texts: Sequence[str]) -> Vectors | None:
        views = self._model.views
        return views.vectors(texts, self._encoder) if views and self._encoder and texts else None

    def _predict(self, text: str, vector: Vectors | None) -> Prediction:
        scores, similar = self._model.scores(text, vector)
        nearest = self._model.nearest(scores, similar)
        return self._calibration.prediction(scores, nearest, self.intents, self.name)


def _support(examples: Examples | Sequence[Intent], prepare: Callable[[str], str]) -> Support:
    known = examples if isinstance(examples, Examples) else Examples.from_intents(examples)
    return Support.of(known, prepare)


def _key(support: Support, encoder: Encoder | None, false_accept: float) -> str:
    """What the fit depends on, in one hash."""
    parts = (str(VERSION), encoder.name if encoder else "none", repr(false_accept), support.fingerprint())
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def train(examples: Examples, training: Training) -> FewShotClassifier:
    """The registry's way in."""
    return FewShotClassifier.fit(
        examples, training.encoder, prepare=training.prepare, false_accept=training.false_accept
    )


def load(folder: Path, training: Training) -> FewShotClassifier:
    """The registry's way in."""
    return FewShotClassifier.load(folder, training.encoder, prepare=training.prepare)
