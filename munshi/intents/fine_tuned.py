"""The fine-tuned classifier: an encoder taught the shop's own intents, served without torch.

It wants some hundred examples and some minutes of training; `few_shot` wants neither.
"""

from __future__ import annotations

import tempfile
import weakref
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from munshi.intents.base import IntentError, Prediction
from munshi.intents.calibration import Calibration, Thresholds
from munshi.intents.examples import Examples
from munshi.intents.fine_tuned_file import copy_model, read_model
from munshi.intents.fine_tuned_model import FineTunedModel
from munshi.intents.registry import Training
from munshi.intents.support import Support
from munshi.knowledge.base import Encoder, EncoderError
from munshi.knowledge.encoder_onnx import OnnxEncoder


class FineTunedClassifier:
    """A linear head on the mean of a fine-tuned encoder's states, on ONNX Runtime.

    Deterministic, and safe to call from several threads. `prepare` gives texts their canonical form, as in training.
    """

    name = "fine_tuned"

    def __init__(
        self,
        model: FineTunedModel,
        calibration: Calibration,
        encoder: Encoder,
        *,
        source: Path,
        prepare: Callable[[str], str] = str,
    ) -> None:
        """Join what was learnt. `source` is the folder it was read from, which `save` copies."""
        self._model = model
        self._calibration = calibration
        self._encoder = encoder
        self._source = source
        self._prepare = prepare

    @classmethod
    def load(cls, folder: Path, *, prepare: Callable[[str], str] = str) -> FineTunedClassifier:
        """What `save` kept. Raises IntentError where it is missing, damaged, or was changed."""
        model, calibration, files = read_model(folder)
        try:
            encoder = OnnxEncoder(files, files.model, name=cls.name, threads=1)
        except EncoderError as error:
            raise IntentError(f"{error}; or train the classifier again") from error
        if encoder.dim != model.weights.shape[1]:
            raise IntentError(f"{folder} holds parts of two classifiers: train the classifier again")
        return cls(model, calibration, encoder, source=folder, prepare=prepare)

    def save(self, folder: Path) -> None:
        """Keep it in a folder. Raises IntentError where that cannot be written, or what it was read from is gone."""
        try:
            copy_model(self._source, folder)
        except OSError as error:
            raise IntentError(f"the classifier cannot be kept in {folder} ({error.strerror})") from error

    @property
    def thresholds(self) -> Thresholds:
        """Those chosen on examples held out from training."""
        return self._calibration.thresholds

    @property
    def intents(self) -> tuple[str, ...]:
        """The names it may answer with, sorted."""
        return self._model.intents

    def classify(self, texts: Sequence[str]) -> list[Prediction]:
        """One prediction a text, in order; a text without anything to read gets no intent."""
        return [self._predict(self._prepare(text)) for text in texts]

    def _predict(self, text: str) -> Prediction:
        if not text.strip():
            return Prediction(None, 0.0, 0.0, (), self.name)
        vectors = self._encoder.encode([text])
        scores = self._model.scores(vectors)
        nearest = self._model.nearest([text], vectors, scores)
        return self._calibration.prediction(scores[0], float(nearest[0]), self.intents, self.name)


def train(examples: Examples, training: Training) -> FineTunedClassifier:
    """The registry's way in. Needs the train extra; takes `base`, `work`, `seed`, `prepare`,
    `false_accept` and `progress`.

    `base` is a Hugging Face folder of BERT's kind, by default MiniLM's. In `work` lie the checkpoints from which a
    second call with the same examples, base and seed goes on, and at the end the model; without it all of it is kept
    in a temporary folder for as long as the classifier lives. Raises what `fine_tune` raises.
    """
    # Serving needs none of this.
    from munshi.intents.training import fine_tune
    from munshi.intents.training_settings import Settings

    support = Support.of(examples, training.prepare)
    settings = Settings(seed=training.seed, false_accept=training.false_accept)
    if training.work:
        folder = fine_tune(support, training.base, training.work, settings, training.progress)
        return FineTunedClassifier.load(folder, prepare=training.prepare)
    with ExitStack() as stack:
        scratch = stack.enter_context(
            tempfile.TemporaryDirectory(prefix="munshi-fine-tuning-", ignore_cleanup_errors=True)
        )
        folder = fine_tune(support, training.base, Path(scratch), settings, training.progress)
        trained = FineTunedClassifier.load(folder, prepare=training.prepare)
        weakref.finalize(trained, stack.pop_all().close)
    return trained


def load(folder: Path, training: Training) -> FineTunedClassifier:
    """The registry's way in. Needs no extra."""
    return FineTunedClassifier.load(folder, prepare=training.prepare)
