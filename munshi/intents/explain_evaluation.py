"""Whether the words that an explanation names are those that the answer hangs on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from munshi.intents.base import Classifier, TrainingDataError
from munshi.intents.explain_weights import Weighing, by_weight, probability, weigh
from munshi.intents.explain_words import Word, without
from munshi.knowledge.evaluation import Estimate, bootstrap

# As many words are taken out at once.
TAKEN = (1, 2, 3)

Progress = Callable[[int, int], None]
Gaps = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Faithfulness:
    """How the probability moves when important, unimportant and random words go; see `evaluate_explanations`.

    `difference` is PGI - PGU, `share` that of the texts with PGI > PGU. `skipped` texts have no intent or fewer than
    two words. `by_words` holds the means for each number of words taken out, over the `texts` long enough for it.
    """

    texts: int
    skipped: int
    pgi: Estimate
    pgu: Estimate
    random: Estimate
    difference: Estimate
    share: float
    by_words: tuple[WordsTaken, ...]

    @property
    def faithful(self) -> bool:
        """Whether important words matter more than unimportant ones."""
        return self.difference.value > 0

    def to_dict(self) -> dict[str, Any]:
        """The figures as JSON takes them."""
        return {"faithful": self.faithful, **asdict(self)}


@dataclass(frozen=True, slots=True)
class WordsTaken:
    """The mean gaps where `words` words are taken out at once."""

    words: int
    texts: int
    pgi: float
    pgu: float
    random: float


def evaluate_explanations(
    classifier: Classifier, texts: Sequence[str], *, seed: int = 0, progress: Progress | None = None
) -> Faithfulness:
    """Prediction gap on important (PGI) and on unimportant words (PGU).

    After Agarwal et al., "OpenXAI: Towards a Transparent Evaluation of Model Explanations" (NeurIPS 2022), with words
    taken out of a text x in the place of perturbed features:

        PGI(x) = mean over k of |p(x) - p(x without the k words of greatest |weight|)|, k = 1, 2, 3, 2 k <= words of x
        PGU(x) = the same with the k words of least |weight|

    where p is the probability of the intent predicted for x, and a weight is what `weigh` gives: how p changes when
    that one word goes. `random` does the same with k words drawn at random by `seed`, as the baseline.

    For k = 1 this is nearly circular: the weight is the very gap that is measured. What it is worth shows for k = 2
    and 3, where words that were weighed one at a time go together; `by_words` tells them apart. Intervals are over
    texts, 95 %, by bootstrap. `progress` is told of texts done and to do. Raises TrainingDataError where no text can
    be measured.
    """
    draw = np.random.default_rng(seed)
    measured: list[dict[int, Gaps]] = []
    for done, text in enumerate(texts, start=1):
        weighing = weigh(classifier, text)
        if weighing.prediction.intent is not None and len(weighing.words) >= 2:
            measured.append(_gaps(classifier, text, weighing, draw))
        if progress is not None:
            progress(done, len(texts))
    if not measured:
        raise TrainingDataError("no text has an intent and two words or more: there is nothing to measure on")
    return _summary(measured, skipped=len(texts) - len(measured))


def _gaps(classifier: Classifier, text: str, weighing: Weighing, draw: np.random.Generator) -> dict[int, Gaps]:
    """For each number of words taken out: how far the probability moves without the first, last and random ones."""
    intent = str(weighing.prediction.intent)
    order = by_weight(weighing.weights(intent))
    sizes = [size for size in TAKEN if 2 * size <= len(order)]
    taken: list[list[Word]] = []
    for size in sizes:
        random = draw.choice(len(order), size, replace=False).tolist()
        taken += [[weighing.words[at] for at in chosen] for chosen in (order[:size], order[-size:], random)]
    made = classifier.classify([text, *(without(text, words) for words in taken)])
    whole = probability(made[0], intent)
    gaps = [abs(whole - probability(one, intent)) for one in made[1:]]
    return {size: (gaps[3 * at], gaps[3 * at + 1], gaps[3 * at + 2]) for at, size in enumerate(sizes)}


def _summary(measured: Sequence[dict[int, Gaps]], *, skipped: int) -> Faithfulness:
    means = np.array([np.mean(list(gaps.values()), axis=0) for gaps in measured])
    important, unimportant, random = (means[:, column].tolist() for column in range(3))
    by_words = []
    for size in TAKEN:
        rows = [gaps[size] for gaps in measured if size in gaps]
        if rows:
            by_words.append(WordsTaken(size, len(rows), *np.mean(rows, axis=0).tolist()))
    return Faithfulness(
        texts=len(measured),
        skipped=skipped,
        pgi=bootstrap(important),
        pgu=bootstrap(unimportant),
        random=bootstrap(random),
        difference=bootstrap((means[:, 0] - means[:, 1]).tolist()),
        share=float((means[:, 0] > means[:, 1]).mean()),
        by_words=tuple(by_words),
    )
