"""Which label of a list a text carries, asked of a language model: the one way that this room talks to one."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic

from munshi.intents.language_model_answer import answer_schema, likelihood, none_word, parse
from munshi.intents.language_model_prompt import Pairs, prompt
from munshi.knowledge.base import ChatModel, ChatModelError, Completion

# Answers asked for where the server gives no token probabilities, the first at temperature 0.
VOTES = 3
VOTING_TEMPERATURE = 0.7
# The part of a doubt that is taken as doubt whether anything fits, the rest as doubt which label does: a model that
# reports how sure it is of a label does not report which of the two it doubts.
DOUBT_OUTSIDE = 0.5
# A token holds a byte of a label at least; the rest is the braces and the key.
_TOKENS_BESIDE_LABEL = 24


@dataclass(frozen=True, slots=True)
class Picked:
    """What a language model made of a text.

    `label` is one of those it was given, or None: then either it said that `none` fits, or it `missed`, its answer
    being none of the list. `shares` are (label, probability) pairs, best first, `none` the probability that no label
    fits; together they are at most 1. After a miss both are empty: nothing is known.
    """

    label: str | None
    shares: tuple[tuple[str, float], ...] = ()
    none: float = 0.0
    missed: bool = False


class LabelPicker:
    """Asks a language model for the one label that fits a text, and how sure it is.

    Where the server gives token probabilities, one call is made and the share of the label is the probability of its
    tokens. Elsewhere `VOTES` calls are made, all but the first at `VOTING_TEMPERATURE` and each with the labels in
    another, fixed order; a label's share is that of the votes, with one more vote spread evenly over all there is to
    choose, so that few votes are never certainty (Perks, "Some observations on inverse probability", 1947).
    Deterministic as far as the server is. Safe to call from several threads.
    """

    def __init__(
        self,
        model: ChatModel,
        descriptions: Mapping[str, str] | None = None,
        *,
        mask: Callable[[str], str] = str,
    ) -> None:
        """`descriptions` say in a sentence what a label means; a label without one goes by its name. `mask` hides
        what a text holds that is nobody's business: the model sees no text but through it.
        """
        self._model = model
        self._mask = mask
        self._descriptions = descriptions or {}

    def pick(
        self,
        text: str,
        labels: Sequence[str],
        examples: Pairs = (),
        timeout: float | None = None,
    ) -> Picked:
        """The label of a text among `labels`, each given once; `examples` are (text, label) pairs to learn from.

        `timeout`, in seconds, is for all calls together, None for the model's own in each. Raises ChatModelError where
        the model fails before it has answered once; a later vote that fails counts for no label.
        """
        if not labels:
            return Picked(None, none=1.0)
        text = self._mask(text)
        deadline = None if timeout is None else monotonic() + timeout
        first = self._ask(text, labels, examples, 0, deadline)
        said = parse(first.text, labels)
        if said is None:
            return Picked(None, missed=True)
        share = likelihood(first)
        if share is not None:
            return _by_tokens(said, none_word(labels), share)
        votes = [said, *self._more_votes(text, labels, examples, deadline)]
        return _by_votes(votes, none_word(labels), labels)

    def _ask(self, text: str, labels: Sequence[str], examples: Pairs, vote: int, deadline: float | None) -> Completion:
        order = list(labels)
        if vote:
            random.Random(vote).shuffle(order)
        return self._model.complete(
            prompt(text, order, self._descriptions, examples),
            schema=answer_schema(order),
            max_tokens=_TOKENS_BESIDE_LABEL + max(len(label.encode(errors="replace")) for label in labels),
            temperature=VOTING_TEMPERATURE if vote else 0.0,
            seed=vote,
            timeout=None if deadline is None else max(deadline - monotonic(), 0.001),
        )

    def _more_votes(self, text: str, labels: Sequence[str], examples: Pairs, deadline: float | None) -> list[str]:
        votes = []
        for vote in range(1, VOTES):
            if deadline is not None and monotonic() >= deadline:
                break
            try:
                said = parse(self._ask(text, labels, examples, vote, deadline).text, labels)
            except ChatModelError:
                break  # one that has just failed is not asked again
            if said is not None:
                votes.append(said)
        return votes


def _by_tokens(said: str, none: str, share: float) -> Picked:
    """What a single answer says whose probability is known."""
    if said == none:
        return Picked(None, none=share)
    return Picked(said, ((said, share),), none=DOUBT_OUTSIDE * (1 - share))


def _by_votes(votes: Sequence[str], none: str, labels: Sequence[str]) -> Picked:
    """What several answers say; of equally many votes the earlier one wins."""
    counts = Counter(votes)
    even = 1 / (len(labels) + 1)
    shares = {said: (counts[said] + even) / (VOTES + 1) for said in (*labels, none)}
    for_none = shares.pop(none)
    (winner, _), *_ = counts.most_common()
    if winner == none:
        return Picked(None, none=for_none)
    ranked = sorted(shares.items(), key=lambda pair: (-pair[1], pair[0] != winner))
    return Picked(winner, tuple(ranked), for_none)
