"""A message made ready for the rest: `Preprocessor` turns raw text into an `Utterance`."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from munshi.bot.codes import CodeFinder
from munshi.bot.entities import EntityFinder, Heard
from munshi.bot.gloss import GlossaryLike, Glosser, joined
from munshi.bot.language import DEFAULT, Script, language_of, script_of
from munshi.bot.pii import PiiSpan, find_pii
from munshi.bot.privacy import in_source, pii_spans
from munshi.bot.products import ProductFinder, ProductLike
from munshi.bot.spans import Ambiguity, Span
from munshi.bot.spelling import Mender, Word
from munshi.handlers.base import Entity, Language
from munshi.knowledge.normalise import MAX_CHARS, CleanText, clean
from munshi.knowledge.tokens import tokenise

_DEVANAGARI = re.compile(r"[\u0900-\u097f]")
_CLOSED = frozenset({"aadhaar", "pan", "gstin", "card", "upi", "secret"})


@dataclass(frozen=True, slots=True)
class Correction:
    """A word put right. `start` and `end` are offsets into the message's own text."""

    text: str
    to: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Utterance:
    """A message understood as far as words go.

    `raw` is what came in, `text` its normal form: Unicode and white space in order, the words as they were typed, in
    their own script. `canonical` is what classifiers and search are given: spelling mended, abbreviations written out,
    Hindi in English word by word. All offsets count characters of `raw`.
    """

    raw: str
    text: str
    canonical: str
    language: Language
    script: Script
    entities: tuple[Entity, ...] = ()
    pii: tuple[PiiSpan, ...] = ()
    corrections: tuple[Correction, ...] = ()
    ambiguities: tuple[Ambiguity, ...] = ()


class Preprocessor:
    """Reads messages as the customers of one business write them. Safe to share between threads.

    `vocabulary` is every word of the pack's examples and papers, repeats and all; `formats` regular expressions by kind
    of code; `known_words` English words at large, which are never taken for typos. Raises FormatError on a format that
    is no regular expression.
    """

    def __init__(
        self,
        *,
        vocabulary: Iterable[str] = (),
        products: Sequence[ProductLike] = (),
        glossary: Iterable[GlossaryLike] = (),
        formats: Mapping[str, str] | None = None,
        known_words: Container[str] = frozenset(),
        timezone: ZoneInfo,
    ) -> None:
        names = [name for product in products for name in (product.name, *product.aliases)]
        self._timezone = timezone
        self._known = known_words
        self._mender = Mender(vocabulary, names, known_words)
        self._glosser = Glosser(glossary, known_words)
        self._entities = EntityFinder(CodeFinder(formats or {}), ProductFinder(products, self.canonical))

    def __call__(self, text: str, *, now: datetime, previous: Language | None = None) -> Utterance:
        """The utterance in `text`, said at `now` (aware) in a chat that was last in `previous`.

        Never raises on a text. Of a very long one only the first `normalise.MAX_CHARS` characters are read, but
        private pieces are found in all of it.
        """
        cleaned = clean(text)
        heard = self._hear(cleaned)
        language = heard.language or previous or DEFAULT
        private = find_pii(cleaned.text)
        today = now.astimezone(self._timezone).date()
        blocked = [_blocking(span) for span in private if span.kind in _CLOSED]
        spans, doubts = self._entities.find(heard, today, blocked, hindi=language != "en")
        accounts = [PiiSpan("account", span.start, span.end) for span in spans if span.kind == "account"]
        everywhere = in_source(private, cleaned) if len(text) <= MAX_CHARS else pii_spans(text)
        return Utterance(
            raw=text,
            text=cleaned.text,
            canonical=_canonical(heard),
            language=language,
            script=script_of([word.token for word in heard.words]),
            entities=tuple(_entity(span, cleaned) for span in spans),
            pii=_with_accounts(everywhere, in_source(accounts, cleaned)),
            corrections=tuple(_corrections(heard.words, cleaned)),
            ambiguities=tuple(_ambiguity(doubt, cleaned) for doubt in doubts),
        )

    def canonical(self, text: str) -> str:
        """The canonical form alone, without entities: for training examples and the papers' alternates."""
        return _canonical(self._hear(clean(text)))

    def mended(self, text: str) -> str:
        """The text with its slips put right, in its own language and script."""
        cleaned = clean(text)
        for slip in reversed(list(_corrections(self._hear(cleaned).words, cleaned))):
            text = text[: slip.start] + slip.to + text[slip.end :]
        return text

    def in_catalogue_words(self, text: str) -> str:
        """The text as a catalogue is searched with it: slips put right, and Hindi in its own script in English."""
        return self.canonical(text) if _DEVANAGARI.search(text) else self.mended(text)

    def is_word(self, word: str) -> bool:
        """Whether a word, in lower case, is one of English at large."""
        return word in self._known

    def _hear(self, cleaned: CleanText) -> Heard:
        # What the chat was in before says nothing of how these words are meant: "main branch" stays English.
        tokens = tokenise(cleaned.text)
        language = language_of(tokens)
        words = self._mender.mend(tokens, language or DEFAULT)
        return Heard(cleaned.text, language, words, self._glosser.pieces(words, language or DEFAULT))


def _canonical(heard: Heard) -> str:
    # Of "bhai" or "ji" alone English has nothing left.
    return joined(heard.pieces, heard.words) or heard.text


def _blocking(span: PiiSpan) -> Span:
    return Span(span.kind, "", span.start, span.end)


def _entity(span: Span, cleaned: CleanText) -> Entity:
    start, end = cleaned.span(span.start, span.end)
    return Entity(span.kind, span.value, cleaned.source[start:end], start, end)


def _ambiguity(doubt: Ambiguity, cleaned: CleanText) -> Ambiguity:
    start, end = cleaned.span(doubt.start, doubt.end)
    return replace(doubt, text=cleaned.source[start:end], start=start, end=end)


def _with_accounts(spans: tuple[PiiSpan, ...], accounts: tuple[PiiSpan, ...]) -> tuple[PiiSpan, ...]:
    """The spans with the account numbers among them, which go before what they were taken for by their form."""
    others = [span for span in spans if not any(span.start < each.end and each.start < span.end for each in accounts)]
    return tuple(sorted([*others, *accounts], key=lambda span: span.start))


def _corrections(words: Sequence[Word], cleaned: CleanText) -> Iterator[Correction]:
    for word in words:
        if word.token.kind == "latin" and word.norm != word.token.low:
            start, end = cleaned.span(word.token.start, word.token.end)
            yield Correction(cleaned.source[start:end], word.norm, start, end)
