"""SetFit (Hugging Face) on the same encoder weights: contrastive tuning on pairs of examples, then its default head."""

from __future__ import annotations

import contextlib
import io
import logging
import tempfile
from collections.abc import Sequence
from typing import Any

from munshi.intents.base import Prediction
from munshi.intents.calibration import Thresholds
from munshi.intents.examples import Examples
from munshi.intents.registry import Factory, Training
from munshi.knowledge.weights import minilm_folder

SETFIT = "SetFit"

_RANKED = 3


class SetFit:
    """Its logistic head's probabilities; in scope is the highest. It brings no threshold, so nothing is rejected."""

    name = SETFIT

    def __init__(self, model: Any) -> None:
        self._model = model
        self.thresholds = Thresholds(0.0, 0.0)

    def classify(self, texts: Sequence[str]) -> list[Prediction]:
        """One prediction a text, with the three likeliest intents."""
        made = []
        for shares in self._model.predict_proba(list(texts), as_numpy=True, show_progress_bar=False):
            order = (-shares).argsort()[:_RANKED]
            ranked = tuple((str(self._model.labels[at]), float(shares[at])) for at in order)
            made.append(Prediction(ranked[0][0], ranked[0][1], ranked[0][1], ranked, self.name))
        return made


def setfit(steps: int) -> Factory:
    """A factory for it with so many steps of 16 pairs, its other settings as they come.

    Its default, every pair of examples once, takes hours on a processor where there are more than a few hundred.
    """

    def train(examples: Examples, training: Training) -> SetFit:
        with tempfile.TemporaryDirectory() as folder, _quiet():
            return SetFit(_trained(examples, steps, training.seed, folder))

    return train


def _trained(examples: Examples, steps: int, seed: int, folder: str) -> Any:
    from datasets import Dataset
    from setfit import SetFitModel, Trainer, TrainingArguments

    labels = list(examples.intents)
    rows = {"text": list(examples.texts), "label": [labels.index(label) for label in examples.labels]}
    model = SetFitModel.from_pretrained(str(minilm_folder().path), labels=labels, device="cpu")
    arguments = TrainingArguments(
        output_dir=folder,
        max_steps=steps,
        seed=seed,
        report_to="none",
        save_strategy="no",
        show_progress_bar=False,
        logging_strategy="no",
    )
    Trainer(model=model, args=arguments, train_dataset=Dataset.from_dict(rows)).train()
    return model


@contextlib.contextmanager
def _quiet() -> Any:
    """Keep its banners and progress bars out of the table."""
    from datasets.utils.logging import disable_progress_bar

    disable_progress_bar()
    logging.getLogger("setfit").setLevel(logging.WARNING)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield
