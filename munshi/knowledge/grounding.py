"""Whether a sentence that a language model wrote may be shown: its figures, its support, its links."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import regex

from munshi.knowledge.base import Encoder, Passage
from munshi.knowledge.lexical import LexicalIndex
from munshi.knowledge.text import level

_MARK = regex.compile(r"\s*\[\s*(P\d{1,3}(?:\s*[,;]\s*P\d{1,3})*)\s*\]", regex.IGNORECASE)
_NUMBER = regex.compile(r"\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class GroundingSettings:
    """How well a sentence must be supported."""

    support: float = 0.5


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a sentence: `text` is what may be shown, without citation marks and foreign links.

    `citations` are the names of the passages that it cites and that support it. Without `faults` it passed; a fault
    begins with its kind: number, support, link or leak.
    """

    text: str
    citations: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()


class Grounding:
    """The checks. Safe to use from several threads."""

    def __init__(
        self,
        encoder: Encoder | None,
        lexical: LexicalIndex | None,
        *,
        hosts: Collection[str] = (),
        settings: GroundingSettings | None = None,
    ) -> None:
        self._encoder = encoder
        self._lexical = lexical
        self._hosts = frozenset(hosts)
        self._settings = settings or GroundingSettings()

    def check(
        self,
        sentence: str,
        passages: Mapping[str, Passage],
        *,
        said: Sequence[str] = (),
        records: Sequence[str] = (),
        canary: str = "",
    ) -> Verdict:
        """Hold one sentence against the passages it cites, the records and the customer's own words."""
        cited = tuple(
            name for mark in _MARK.findall(sentence) for name in regex.findall(r"P\d+", mark) if name in passages
        )
        text = _MARK.sub("", sentence).strip()
        sources = [*(passages[name].text for name in cited), *said, *records]
        known = {number for source in sources for number in _NUMBER.findall(level(source))}
        faults = [
            f"number: {number} stands in no cited passage"
            for number in _NUMBER.findall(level(text))
            if number not in known
        ]
        if canary and canary in sentence:
            faults.append("leak: it tells a word of the instructions")
        return Verdict(text, cited, tuple(faults))
