"""Whether a sentence that a language model wrote may be shown: its links, its figures, and what bears it out.

Three locks, each blind to what the next one sees. The number lock compares figures by value with the passages cited and
the customer's own words; it does no sums. What stands in records is told by code, not by a language model. Support asks
whether a passage says so. The rest keeps what is no answer from coming out: links to elsewhere, and the word that only
the system prompt holds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import regex

from munshi.knowledge import lexicon
from munshi.knowledge.base import Encoder, Passage
from munshi.knowledge.canary import leaks
from munshi.knowledge.figures import is_hindi, read
from munshi.knowledge.lexical import LexicalIndex
from munshi.knowledge.links import unlink
from munshi.knowledge.support import ENOUGH, Support, Supporter, confidence, told, view
from munshi.knowledge.text import content_stems, level
from munshi.knowledge.views import Prepare, as_is

MAX_SENTENCE = 2000
"""Characters of the longest sentence that is looked at."""

_MARK = regex.compile(
    r"\s*[\[【(]\s*(?:passages?\s+)?(P\d{1,3}(?:\s*(?:,|;|and|&)?\s*P\d{1,3})*)\s*[\]】)]", regex.IGNORECASE
)
_NAME = regex.compile(r"P\d{1,3}", regex.IGNORECASE)
_BARE = regex.compile(r"[\[【]\s*\d{1,2}\s*[\]】]")
_NOT_A_WORD = regex.compile(r"[^\p{L}\p{M}\p{N}']+")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a sentence: `text` is what may be shown, without citation marks and foreign links.

    `citations` are the names of the passages that bear it out. Without `faults` it passed; a fault begins with its
    kind: number, support, link or leak.
    """

    text: str
    citations: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Sources:
    """What a sentence may take its figures from."""

    passages: Mapping[str, Passage]
    said: Sequence[str]


class Grounding:
    """The checks. Safe to use from several threads."""

    def __init__(
        self,
        encoder: Encoder | None,
        lexical: LexicalIndex | None,
        *,
        hosts: Collection[str] = (),
        prepare: Prepare = as_is,
    ) -> None:
        """`lexical` tells how much a word tells; `prepare` brings Hindi and Hinglish to the passages' English."""
        self._supporter = Supporter(encoder, lexical)
        self._hosts = frozenset(hosts)
        self._prepare = prepare

    def check(
        self,
        sentence: str,
        passages: Mapping[str, Passage],
        *,
        said: Sequence[str] = (),
        canary: str = "",
    ) -> Verdict:
        """Hold one sentence against the passages it cites and the customer's own words.

        A passage that it cites and that does not bear it out is dropped; where none is left, one that does is cited
        instead. Raises EncoderError where the encoder fails.
        """
        if len(sentence) > MAX_SENTENCE:
            return Verdict("", (), ("support: it is no sentence, so long is it",))
        sources = _Sources(passages, said)
        if leaks(sentence, canary):
            return Verdict("", (), ("leak: it tells a word of the instructions",))
        cited, text = _uncited(sentence, passages)
        links = unlink(text, self._hosts, [view(passage) for passage in passages.values()])
        faults = [f"link: {address} is none of the shop's own" for address in links.foreign]
        if _is_polite(links.text):
            return Verdict(links.text, (), tuple(faults))
        citations, reason = self._borne_out(links.text, cited, sources)
        faults += _unknown_figures(links.text, citations or cited, sources)
        if reason:
            faults.append(f"support: {reason}")
        return Verdict(links.text, citations, tuple(faults))

    def _borne_out(self, text: str, cited: Sequence[str], sources: _Sources) -> tuple[tuple[str, ...], str]:
        """The passages that bear the sentence out, or why none does."""
        if not content_stems(told(text)):
            return _bare(text, cited, sources)
        found = tuple(name for name in cited if not self._against(text, [name], sources))
        if found:
            return found, ""
        if len(cited) > 1 and not self._against(text, cited, sources):
            return tuple(cited), ""
        others = [name for name in sources.passages if name not in cited]
        for name in others:
            if not self._against(text, [name], sources) and not list(_unknown_figures(text, [name], sources)):
                return (name,), ""
        return (), self._against(text, cited or others[:1], sources)

    def _against(self, text: str, names: Sequence[str], sources: _Sources) -> str:
        """What speaks against these passages, taken together, bearing the sentence out; empty where nothing does."""
        if not names:
            return "no passage bears it out"
        return self._reason(text, "\n".join(view(sources.passages[name]) for name in names))

    def _reason(self, text: str, passage: str) -> str:
        reasons = [self._doubt(self._supporter.weigh(form, passage)) for form in self._forms(text)]
        return "" if "" in reasons else reasons[0]

    def _forms(self, text: str) -> tuple[str, ...]:
        """The sentence as it is, and where it is Hindi as the papers' English would have it."""
        if not is_hindi(text):
            return (text,)
        return tuple(dict.fromkeys((text, self._prepare(text))))

    def _doubt(self, support: Support) -> str:
        if support.opposed:
            return support.opposed
        if support.strange:
            return f"{', '.join(support.strange)} stands in no cited passage"
        return "" if confidence(support) >= ENOUGH else "the passages do not say so"


def _uncited(sentence: str, passages: Mapping[str, Passage]) -> tuple[tuple[str, ...], str]:
    """The passages cited, each once, and the sentence without its marks."""
    named = (name.upper() for mark in _MARK.finditer(sentence) for name in _NAME.findall(mark[1]))
    return tuple(dict.fromkeys(name for name in named if name in passages)), _BARE.sub(
        "", _MARK.sub("", sentence)
    ).strip()


def _bare(text: str, cited: Sequence[str], sources: _Sources) -> tuple[tuple[str, ...], str]:
    """Of a sentence without words of its own ("₹180."): the passages that hold its figures."""
    figures = read(text).figures
    papers = {name: read(view(sources.passages[name])) for name in cited}
    found = tuple(name for name, paper in papers.items() if figures and all(map(paper.holds, figures)))
    return found, "" if found else "it says nothing that a passage could bear out"


def _unknown_figures(text: str, cited: Sequence[str], sources: _Sources) -> Iterator[str]:
    """A fault for each figure that stands nowhere it may come from."""
    known = [read(view(sources.passages[name])) for name in cited]
    own = [read(words) for words in sources.said]
    units = {figure.unit for reading in known for figure in reading.figures}
    figures = read(text).figures
    from_papers = {figure.unit for figure in figures if any(reading.holds(figure) for reading in known)}
    for figure in figures:
        if any(reading.holds(figure) for reading in known):
            continue
        if not any(reading.holds(figure) for reading in own):
            yield f"number: {figure.text} stands in no cited passage"
        elif figure.unit in units - from_papers - {""}:
            # "Is it ₹500?" - "Yes, it is ₹500", where the paper says ₹5,000.
            yield f"number: {figure.text} is the customer's own, and the passage says another"


def _is_polite(text: str) -> bool:
    """Whether a sentence claims nothing: "Happy to help." Those that may stand so are in lexicon/polite.txt."""
    plain = _plain(text)
    return not plain or (plain in _polite())


def _plain(text: str) -> str:
    return " ".join(_NOT_A_WORD.sub(" ", level(text).replace("’", "'")).split())


@cache
def _polite() -> frozenset[str]:
    return frozenset(map(_plain, lexicon.lines("polite")))
