"""Identifying a customer in the chat: their number, then the code that was sent to it.

A number that is nobody's goes the same way as a customer's to its end, where no code is right: a stranger cannot find
out who banks here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from munshi.bot.code_words import CodeWords
from munshi.bot.consent import asks_again, consent
from munshi.bot.context import Context
from munshi.bot.form import Form
from munshi.bot.identification import CodeSent, Identification, Number
from munshi.bot.state import Identifying
from munshi.handlers.base import Phrases, Reply
from munshi.handlers.otp import DIGITS, TooMany
from munshi.handlers.phones import to_e164
from munshi.handlers.when import clock as clock_in_words

# Letters and digits, as a customer number is written among other words; by itself it may stand in two parts.
_CUSTOMER = re.compile(r"(?<![^\W_])[A-Za-z]{1,8}[/-]?\d{3,12}(?![^\W_])")
# The sentences after which another code can be asked for.
_SENT = frozenset({"wrong", "expired", "no_code", "code_again"})
_WHOLE = re.compile(r"[A-Za-z]{1,8} \d{2,12}|\w[\w/-]{1,39}")


@dataclass(frozen=True, slots=True)
class Known:
    """The code was right: the chat is bound to this customer."""

    customer_id: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something is asked, and waited for."""

    reply: Reply
    identifying: Identifying


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The message is about something else."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """The customer does not want it any more."""


@dataclass(frozen=True, slots=True)
class Failed:
    """It was tried too often: a person is needed."""


Outcome = Known | Waiting | Elsewhere | Dropped | Failed


@dataclass(frozen=True, slots=True)
class IdentityDialogue:
    """Asks for number and code; so many useless answers, or numbers, as `max_tries` says.

    `stopping` are the intents that stop something: "band karo" does not call them off.
    """

    identification: Identification
    phrases: Phrases
    max_tries: int
    stopping: frozenset[str] = frozenset()

    def begin(self, request: Form, language: str) -> tuple[Reply, Identifying]:
        """Ask who it is, before a request is gone on with."""
        return self._say("ask", language), Identifying(request, request.expires_at)

    def again(self, waiting: Identifying, language: str) -> Reply:
        """What is still asked for, after something else."""
        return self._say("code_again" if waiting.customer_id else "ask_again", language)

    def answer(self, waiting: Identifying, context: Context, *, is_question: Callable[[], bool]) -> Outcome:
        """What a message means while a customer is being identified."""
        words = context.pressed or context.utterance.text
        if consent(words, stops=waiting.request.intent in self.stopping) == "cancel":
            return Dropped()
        if context.secret:
            return self._check(waiting, context)
        number = number_in(context, code_asked=waiting.customer_id != "")
        if number is not None:
            if waiting.sends >= self.max_tries:  # as many numbers were tried
                return Failed()
            sent = self.identification.send(context.session_id, number)
            return self._sent(replace(waiting, sends=waiting.sends + 1, customer_id=""), sent, context)
        if waiting.customer_id and asks_again(words):
            return self._sent(waiting, self._send_again(waiting, context), context)
        if is_question():
            return Elsewhere()
        key = "no_code" if waiting.customer_id else "no_number"
        return self._wrong(waiting, key, context.language)

    def _send_again(self, waiting: Identifying, context: Context) -> CodeSent | TooMany:
        return self.identification.send_again(context.session_id, waiting.customer_id)

    def _sent(self, waiting: Identifying, sent: CodeSent | TooMany, context: Context) -> Outcome:
        if isinstance(sent, TooMany):
            until = clock_in_words(sent.until.astimezone(context.now.tzinfo).time())
            # A code that was sent before is good still: whoever waits for one goes on waiting, and hides what comes.
            return self._wrong(waiting, "too_many", context.language, until=until)
        reply = CodeWords(self.phrases, "identify").sent(sent, context.language)
        return Waiting(reply, replace(waiting, customer_id=sent.customer_id, tries=0))

    def _check(self, waiting: Identifying, context: Context) -> Outcome:
        if not waiting.customer_id or len(context.secret) != DIGITS:
            return self._wrong(waiting, "no_code", context.language)
        match self.identification.check(context.session_id, waiting.customer_id, context.secret):
            case "ok":
                return Known(waiting.customer_id)
            case "expired":
                return Waiting(self._say("expired", context.language), waiting)
            case "wrong":
                return Waiting(self._say("wrong", context.language), waiting)
            case "used_up":
                return Failed()

    def _wrong(self, waiting: Identifying, key: str, language: str, **values: object) -> Outcome:
        tried = replace(waiting, tries=waiting.tries + 1)
        return Failed() if tried.tries >= self.max_tries else Waiting(self._say(key, language, **values), tried)

    def _say(self, key: str, language: str, **values: object) -> Reply:
        return CodeWords(self.phrases, "identify").say(key, language, again=key in _SENT, **values)


def number_in(context: Context, *, code_asked: bool) -> Number | None:
    """The phone or customer number that a message gives.

    Where a code is waited for, digits by themselves are a part of it, no customer number. An account number is
    neither.
    """
    text, entities = context.utterance.text.strip(), context.utterance.entities
    for said in (*(entity.value for entity in entities if entity.kind == "phone"), text):
        try:
            return Number(to_e164(said), is_phone=True)
        except ValueError:
            continue
    if any(entity.kind == "account" for entity in entities):
        return None
    found = _CUSTOMER.search(text)
    if found is not None:
        return Number(found.group(), is_phone=False)
    coded = _WHOLE.fullmatch(text) is not None and any(char.isdecimal() for char in text)
    part = code_asked and text.isdecimal()
    return Number(text, is_phone=False) if coded and not part else None
