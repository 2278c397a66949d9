"""Sources that disagree: which one is used, and what the owner is told. Never a mean of both."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from munshi.knowledge.base import Passage
from munshi.knowledge.claims import Claim, claims, generic
from munshi.knowledge.search_cache import LruCache
from munshi.knowledge.text import content_stems

_FEWEST_SHARED = 2
_MOST_HITS = 5
_REMEMBERED = 4096
_MOST_BESIDE = 50
_RAREST = 2


@dataclass(frozen=True, slots=True)
class Conflict:
    """Passages that say the same with another figure: `kept` is believed, `others` are not, and `reason` says why.

    `quotes` holds the sentence of each that tells, by passage id.
    """

    kept: Passage
    others: tuple[Passage, ...]
    quotes: Mapping[str, str]
    reason: str

    def __str__(self) -> str:
        said = "; ".join(f"{one.source} says {self.quotes[one.id]!r}" for one in (self.kept, *self.others))
        return f"{said}. {self.kept.source} is believed: {self.reason}"


class Contradictions:
    """Finds where hits contradict one another. Remembers what passages say; safe for several threads."""

    def __init__(self) -> None:
        self._claims: LruCache[tuple[Claim, ...]] = LruCache(_REMEMBERED)

    def among(self, question: str, passages: Sequence[Passage]) -> tuple[Conflict, ...]:
        """Where the best of the passages found contradict one another in what is asked; the first fits it best.

        Passages that hold different words of the question speak of different things.
        """
        asked = frozenset(content_stems(question)) - generic()
        told = [[each for each in self._told(one) if _answers(each, asked)] for one in passages[:_MOST_HITS]]
        found: list[Conflict] = []
        settled: set[int] = set()
        for i, mine in enumerate(told):
            if i in settled:
                continue
            others = (j for j in range(i + 1, len(told)) if j not in settled)
            against = {j: pair for j in others if (pair := _contradiction(mine, told[j], asked)) is not None}
            if against:
                settled |= against.keys()
                found.append(_settle(list(against.values())))
        return tuple(found)

    def _told(self, passage: Passage) -> tuple[Claim, ...]:
        known = self._claims.get(passage.id)
        if known is None:
            known = tuple(claims(passage))
            self._claims.put(passage.id, known)
        return known


def conflicts_among(passages: Sequence[Passage], *, most: int = 20) -> list[Conflict]:
    """Where the papers contradict one another, `most` at most: each claim is held against those with its rarest words.

    What stands under titles or headings of two different things is taken to be about two things.
    """
    told = [claim for passage in passages for claim in claims(passage)]
    holders: defaultdict[str, list[int]] = defaultdict(list)
    for i, claim in enumerate(told):
        for word in claim.about:
            holders[word].append(i)
    found: dict[frozenset[str], Conflict] = {}
    for i, claim in enumerate(told):
        rarest = sorted(claim.about, key=lambda word: (len(holders[word]), word))[:_RAREST]
        beside = {j for word in rarest for j in holders[word][:_MOST_BESIDE] if j > i}
        for j in sorted(beside):
            other = told[j]
            ids = frozenset((claim.passage.id, other.passage.id))
            if ids not in found and contradict(claim, other) and not _told_apart(claim, other):
                found[ids] = _settle([(claim, other)])
                if len(found) == most:
                    return list(found.values())
    return list(found.values())


def contradict(one: Claim, other: Claim) -> bool:
    """Whether two claims about the same thing differ in one figure, and in that alone.

    Two that differ ("5.5 % for 1 year", "6 % for 2 years") are two cases of a rule. So are the rows of a table, and
    what stands in two places of one paper.
    """
    same_paper = one.passage.source == other.passage.source
    if one.passage.id == other.passage.id or (same_paper and "faq" not in (one.passage.kind, other.passage.kind)):
        return False
    if len(one.words & other.words) < _FEWEST_SHARED or one.about - other.words or other.about - one.words:
        return False
    if one.names and other.names and one.names != other.names:
        return False
    mine, theirs = one.figures - other.figures, other.figures - one.figures
    return len(mine) == len(theirs) == 1 and {kind for kind, _ in mine} == {kind for kind, _ in theirs}


def _answers(claim: Claim, asked: frozenset[str]) -> bool:
    """Whether a claim is what was asked for: half of the question's words stand in it."""
    return bool(asked) and 2 * len(asked & claim.about) >= len(asked)


def _contradiction(mine: Sequence[Claim], theirs: Sequence[Claim], asked: frozenset[str]) -> tuple[Claim, Claim] | None:
    pairs = ((one, other) for one in mine for other in theirs)
    return next((p for p in pairs if p[0].words & asked == p[1].words & asked and contradict(*p)), None)


def _told_apart(one: Claim, other: Claim) -> bool:
    return bool(one.context - other.words) and bool(other.context - one.words)


def _settle(pairs: Sequence[tuple[Claim, Claim]]) -> Conflict:
    """The newer is believed, then the higher priority, then the better fit, which is the first."""
    involved = list({claim.passage.id: claim for pair in pairs for claim in pair}.values())
    best = max(involved, key=lambda claim: (_date(claim.passage) or date.min, claim.passage.priority))
    others = tuple(claim.passage for claim in involved if claim is not best)
    quotes = {claim.passage.id: claim.sentence for claim in involved}
    return Conflict(best.passage, others, quotes, _reason(best.passage, others))


def _reason(kept: Passage, others: Sequence[Passage]) -> str:
    day = _date(kept)
    if day is not None and all((_date(other) or date.min) < day for other in others):
        return (
            f"it is of {day.isoformat()}, {'which is later' if all(map(_date, others)) else 'the other is not dated'}"
        )
    if all(other.priority < kept.priority for other in others):
        return "its priority is higher"
    return "neither is newer or of higher priority, and it comes first"


def _date(passage: Passage) -> date | None:
    try:
        return date.fromisoformat(passage.metadata["date"])
    except (KeyError, ValueError):
        return passage.valid_from
