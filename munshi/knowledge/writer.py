"""An answer worded by a language model: sentence by sentence, each let out only once it has passed the checks."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from time import perf_counter

from munshi.knowledge.answer_prompt import AnswerPrompt, Asked, fingerprint
from munshi.knowledge.base import ChatMessage, ChatModel, ChatModelError, EncoderError, Generation, Say
from munshi.knowledge.grounding import Grounding, Verdict
from munshi.knowledge.sentence_stream import SentenceStream
from munshi.knowledge.text import is_devanagari, tokens_in, words

EMPTY, ENDLESS, REPEATED = "it was empty", "a sentence had no end", "it repeated itself"
LEAKED, FOREIGN = "it told of its rules", "it was not in the customer's language"

_NOTHING = re.compile(r"\W*nothing\W*", re.IGNORECASE)
_ITEM = re.compile(r"[-*•–]\s|\d{1,2}[.)]\s")
# Of a Hindi sentence's letters: products and codes keep their Latin ones.
_LEAST_DEVANAGARI = 0.25


@dataclass(frozen=True, slots=True)
class WriterSettings:
    """A failed check gets another of `tries`, unless `patience` in seconds has run out by then.

    An answer takes at most `max_tokens`, a sentence `sentence_chars` characters.
    """

    tries: int = 2
    patience: float = 12.0
    max_tokens: int = 320
    sentence_chars: int = 500


@dataclass(frozen=True)
class Writing:
    """What a business's answers are worded with. `speaks` tells the language of a text, where that can be told.

    `hosts` are those that an answer may link to.
    """

    model: ChatModel
    prompt: AnswerPrompt
    speaks: Callable[[str], str] | None = None
    hosts: tuple[str, ...] = ()
    settings: WriterSettings = field(default_factory=WriterSettings)


@dataclass(frozen=True, slots=True)
class Written:
    """The sentences that were let out, with the passages that each cites by name; none where nothing came of it."""

    text: str
    sentences: tuple[Verdict, ...]
    generation: Generation


class Writer:
    """Words answers. Safe to use from several threads."""

    def __init__(self, writing: Writing, grounding: Grounding) -> None:
        self._writing = writing
        self._grounding = grounding

    def write(self, asked: Asked, say: Say | None = None) -> Written:
        """The answer that the model gives, as far as it passes the checks; `say` hears each sentence as it is let out.

        Never raises on what a model, the encoder or their servers do: that is told in `generation.faults`.
        """
        started = perf_counter()
        draft = _Draft(say)
        settings = self._writing.settings
        for _ in range(settings.tries):
            if self._try(asked, draft) or perf_counter() - started > settings.patience:
                break
        generation = Generation(
            model=self._writing.model.name,
            tries=draft.tries,
            released=len(draft.released),
            faults=tuple(draft.faults),
            ms=round((perf_counter() - started) * 1000, 1),
            prompt=draft.prompt,
            tokens=tokens_in(draft.bytes),
        )
        return Written("".join(draft.said), tuple(draft.released), generation)

    def _try(self, asked: Asked, draft: _Draft) -> bool:
        """Ask once; whether that settles it. What was let out before stays."""
        fault = draft.faults[-1] if draft.faults else ""
        messages = self._writing.prompt(replace(asked, said=[said.text for said in draft.released], fault=fault))
        draft.begin(messages)
        heard = False
        try:
            with closing(self._sentences(messages, draft)) as sentences:
                for sentence in sentences:
                    heard = True
                    if _NOTHING.fullmatch(sentence):
                        return True
                    over = self._judge(sentence, asked, draft)
                    if over is not None:
                        return over
        except (ChatModelError, EncoderError) as error:
            draft.faults.append(str(error))
            return True
        if not heard:
            draft.faults.append(EMPTY)
        return heard

    def _sentences(self, messages: Sequence[ChatMessage], draft: _Draft) -> Generator[str, None, None]:
        """The sentences as they come; one that does not end is given up as it is."""
        cutter = SentenceStream()
        with closing(self._writing.model.stream(messages, max_tokens=self._writing.settings.max_tokens)) as pieces:
            for piece in pieces:
                draft.count(piece)
                yield from cutter.feed(piece)
                if cutter.waiting > self._writing.settings.sentence_chars:
                    break
        yield from cutter.finish()

    def _judge(self, sentence: str, asked: Asked, draft: _Draft) -> bool | None:
        """Let a sentence out, or note what is wrong with it; as `_try`, None to go on."""
        verdict = self._grounding.check(
            sentence, asked.passages, said=(asked.question,), canary=self._writing.prompt.canary
        )
        if draft.knows(verdict.text):
            if draft.repeats(verdict.text):
                draft.faults.append(REPEATED)
                return True
            return None
        faults = (*verdict.faults, *self._more_faults(sentence, verdict, asked.language))
        if faults:
            draft.faults.append("; ".join(faults))
            return False
        if not verdict.citations:
            return None  # it claims nothing: "Happy to help."
        draft.release(verdict)
        return True if len(draft.released) >= self._writing.prompt.sentences else None

    def _more_faults(self, sentence: str, verdict: Verdict, language: str) -> Iterator[str]:
        if len(sentence) > self._writing.settings.sentence_chars:
            yield ENDLESS
        if self._writing.prompt.fence in sentence or self._writing.prompt.canary in sentence:
            yield LEAKED
        if self._is_foreign(verdict.text, language):
            yield FOREIGN

    def _is_foreign(self, text: str, language: str) -> bool:
        """To who writes Hinglish English is no foreign language; a text without letters is of any."""
        letters = [char for char in text if char.isalpha()]
        if not letters:
            return False
        share = sum(map(is_devanagari, letters)) / len(letters)
        if language == "hi":
            return share < _LEAST_DEVANAGARI
        if share > 1 - _LEAST_DEVANAGARI:
            return True
        return language == "en" and self._writing.speaks is not None and self._writing.speaks(text) == "hinglish"


class _Draft:
    """An answer in the making."""

    def __init__(self, say: Say | None) -> None:
        self._say = say
        self._seen: dict[tuple[str, ...], int] = {}
        self.released: list[Verdict] = []
        self.said: list[str] = []
        self.faults: list[str] = []
        self.tries = 0
        self.bytes = 0
        self.prompt = ""

    def begin(self, messages: Sequence[ChatMessage]) -> None:
        """The next try."""
        self.tries += 1
        self.prompt = self.prompt or fingerprint(messages)
        for message in messages:
            self.count(message.content)

    def count(self, text: str) -> None:
        """Count what was read or written."""
        self.bytes += len(text.encode("utf-8", "replace"))

    def knows(self, text: str) -> bool:
        """Whether a sentence was let out before."""
        return tuple(words(text)) in self._seen

    def repeats(self, text: str) -> bool:
        """Whether it was in this try: the next may begin as the last one did. It counts as heard in this one now."""
        key = tuple(words(text))
        before, self._seen[key] = self._seen[key], self.tries
        return before == self.tries

    def release(self, verdict: Verdict) -> None:
        """Let a sentence out."""
        between = "\n" if self.said and _ITEM.match(verdict.text) else " " if self.said else ""
        self._seen[tuple(words(verdict.text))] = self.tries
        self.released.append(verdict)
        self.said.append(between + verdict.text)
        if self._say is not None:
            self._say(self.said[-1])
