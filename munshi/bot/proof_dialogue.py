"""The one-time code between a yes and its effect: sent, waited for, checked."""

from __future__ import annotations

from dataclasses import dataclass, replace

from munshi.bot.code_words import CodeWords
from munshi.bot.consent import asks_again, consent
from munshi.bot.context import Context
from munshi.bot.form import Form
from munshi.bot.proofs import Proofs
from munshi.bot.state import Proving
from munshi.handlers.base import CALL_PERSON, Button, Challenge, Phrases, Reply
from munshi.handlers.otp import DIGITS, TooMany
from munshi.handlers.when import clock as clock_in_words


@dataclass(frozen=True, slots=True)
class Proved:
    """The code is right; it is used up with the effect."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A code is waited for."""

    reply: Reply
    proving: Proving


@dataclass(frozen=True, slots=True)
class NotSent:
    """No code can be sent now: nothing is done, and the request stays as it is."""

    reply: Reply


@dataclass(frozen=True, slots=True)
class Other:
    """The message is no part of it: a correction, or about something else."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """The customer does not want it any more."""


@dataclass(frozen=True, slots=True)
class Failed:
    """It was tried too often: a person is needed."""


Outcome = Proved | Waiting | Other | Dropped | Failed


@dataclass(frozen=True, slots=True)
class ProofDialogue:
    """Sends and checks codes for requests; so many useless answers as `max_tries` says."""

    proofs: Proofs
    phrases: Phrases
    max_tries: int

    def begin(self, form: Form, customer_id: str, challenge: Challenge, context: Context) -> Waiting | NotSent:
        """Send the code that a confirmed request needs."""
        return self._send(Proving(form, customer_id, challenge.purpose, challenge.binding), context)

    def again(self, language: str) -> Reply:
        """What is waited for, after something else."""
        return self._words.say("waiting", language)

    def answer(self, proving: Proving, context: Context) -> Outcome:
        """What a message means while a code is waited for."""
        words = context.pressed or context.utterance.text
        if consent(words) == "cancel":
            return Dropped()
        if context.secret:
            return self._check(proving, context)
        said = consent(words)
        if asks_again(words) or (said == "yes" and proving.lapsed):
            sent = self._send(proving, context)
            # A code that was sent before may be good still.
            return Waiting(sent.reply, proving) if isinstance(sent, NotSent) else sent
        return self.unheard(proving, context) if said == "yes" else Other()

    def unheard(self, proving: Proving, context: Context) -> Waiting | Failed:
        """A message that says nothing of use: told so, and counted."""
        tried = replace(proving, tries=proving.tries + 1)
        return Failed() if tried.tries >= self.max_tries else Waiting(self.again(context.language), tried)

    def _send(self, proving: Proving, context: Context) -> Waiting | NotSent:
        sent = self.proofs.send(context.session_id, proving)
        if isinstance(sent, TooMany):
            until = clock_in_words(sent.until.astimezone(context.now.tzinfo).time())
            reply = self._words.say("too_many", context.language, again=False, until=until)
            person = Button(self.phrases("offer_person_button", context.language), CALL_PERSON)
            return NotSent(replace(reply, buttons=(person, *reply.buttons)))
        return Waiting(self._words.sent(sent, context.language), replace(proving, tries=0, lapsed=False))

    def _check(self, proving: Proving, context: Context) -> Outcome:
        if len(context.secret) != DIGITS:
            return self.unheard(proving, context)
        match self.proofs.verify(context.session_id, proving, context.secret):
            case "ok":
                return Proved()
            case "expired":
                return Waiting(self._words.say("expired", context.language), replace(proving, lapsed=True))
            case "wrong":
                return Waiting(self._words.say("wrong", context.language), proving)
            case "used_up":
                return Failed()

    @property
    def _words(self) -> CodeWords:
        return CodeWords(self.phrases, "prove")
