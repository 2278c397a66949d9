"""The zero-shot classifier by description: an intent's name and a sentence on it are enough, no example is needed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from munshi.intents.acceptance import FALSE_ACCEPT
from munshi.intents.base import IntentError, Prediction
from munshi.intents.calibration import Calibration, Thresholds
from munshi.intents.examples import Examples
from munshi.intents.registry import Training
from munshi.intents.scope import ScopeModel
from munshi.intents.zero_shot_calibration import Scored, calibrate, held_out
from munshi.intents.zero_shot_file import Kept, read_zero_shot, write_zero_shot
from munshi.intents.zero_shot_model import Describing, Wanted
from munshi.knowledge.base import Encoder

# Encoding takes a millisecond a text; past this many a calibration changes no more.
CALIBRATED_ON = 2000
# Where there are too few examples to calibrate on. Learnt from 16 intents at a time, drawn from the training files of
# BANKING77, CLINC150 and SOFMattress, texts of the other intents being out of scope.
PRIOR = Calibration(12.7, ScopeModel((-2.9, 1.4, 4.1, 3.2)), Thresholds(0.55, 0.63))
PRIOR_OF_GRAMS = Calibration(18.0, ScopeModel((-1.6, 4.2, 1.9, 2.2)), Thresholds(0.56, 0.75))


class ZeroShotClassifier:
    """Picks the intent whose name and description are most like the text; see `Describing`.

    Examples are never compared with: what there are of them calibrates the confidence and the scope. Deterministic,
    and safe to call from several threads.
    """

    name = "zero_shot"

    def __init__(
        self,
        wanted: Wanted,
        calibration: Calibration,
        encoder: Encoder | None,
        *,
        prepare: Callable[[str], str] = str,
    ) -> None:
        """`prepare` gives texts their canonical form. Raises EncoderError where the encoder fails."""
        self._wanted = wanted
        self._calibration = calibration
        self._encoder = encoder
        self._prepare = prepare
        self._model = Describing(wanted, encoder)

    @classmethod
    def fit(
        cls,
        examples: Examples,
        encoder: Encoder | None,
        *,
        prepare: Callable[[str], str] = str,
        false_accept: float = FALSE_ACCEPT,
    ) -> ZeroShotClassifier:
        """Read the descriptions, calibrate on the examples; see `Calibration.learn`.

        Raises TrainingDataError where there is no intent.
        """
        made = cls(Wanted.of(examples, prepare), PRIOR if encoder else PRIOR_OF_GRAMS, encoder, prepare=prepare)
        made._calibration = made._calibrated(examples, false_accept)
        return made

    @classmethod
    def load(cls, folder: Path, encoder: Encoder | None, *, prepare: Callable[[str], str] = str) -> ZeroShotClassifier:
        """What `save` kept. Raises IntentError where it is missing, damaged, or belongs to another encoder."""
        kept = read_zero_shot(folder, encoder.name if encoder else "")
        return cls(kept.wanted, kept.calibration, encoder, prepare=prepare)

    def save(self, folder: Path) -> None:
        """Keep it in a folder, without the encoder. Raises IntentError where the folder cannot be written."""
        try:
            name = self._encoder.name if self._encoder else ""
            write_zero_shot(folder, Kept(name, self._wanted, self._calibration))
        except OSError as error:
            raise IntentError(f"the classifier cannot be kept in {folder} ({error.strerror})") from error

    @property
    def thresholds(self) -> Thresholds:
        """Those chosen on the examples, or on public training sets where there are too few."""
        return self._calibration.thresholds

    @property
    def intents(self) -> tuple[str, ...]:
        """The names it may answer with, sorted."""
        return self._wanted.intents

    def classify(self, texts: Sequence[str]) -> list[Prediction]:
        """One prediction a text, in order; a text without anything to read gets no intent.

        Raises EncoderError where the encoder is a service that does not answer.
        """
        prepared = [self._prepare(text) for text in texts]
        told = [text for text in prepared if text.strip()]
        made = iter(self._predict(told))
        return [next(made) if text.strip() else Prediction(None, 0.0, 0.0, (), self.name) for text in prepared]

    def _predict(self, texts: list[str]) -> list[Prediction]:
        scores, likeness = self._model.scores(texts)
        return [
            self._calibration.prediction(row, float(near[row.argmax()]), self.intents, self.name)
            for row, near in zip(scores, likeness, strict=True)
        ]

    def _calibrated(self, examples: Examples, false_accept: float) -> Calibration:
        texts, truth = held_out(examples, self.intents, self._prepare, limit=CALIBRATED_ON)
        scored = Scored(*self._model.scores(texts), truth)
        return calibrate(scored, self.intents, self._calibration, false_accept=false_accept)


def train(examples: Examples, training: Training) -> ZeroShotClassifier:
    """The registry's way in."""
    return ZeroShotClassifier.fit(
        examples, training.encoder, prepare=training.prepare, false_accept=training.false_accept
    )


def load(folder: Path, training: Training) -> ZeroShotClassifier:
    """The registry's way in."""
    return ZeroShotClassifier.load(folder, training.encoder, prepare=training.prepare)
