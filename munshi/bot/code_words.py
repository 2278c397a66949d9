"""What is said while a one-time code is waited for, whatever it is for."""

from __future__ import annotations

from dataclasses import dataclass, replace

from munshi.bot.identification import CodeSent
from munshi.handlers.base import Button, Phrases, Reply

SEND_AGAIN = "resend"  # a word that tells no language: the chat stays in its own


@dataclass(frozen=True, slots=True)
class CodeWords:
    """The sentences for one use of codes; their keys begin with `use`."""

    phrases: Phrases
    use: str

    def say(self, key: str, language: str, *, again: bool = True, **values: object) -> Reply:
        """A sentence, with what else can be done: to leave it, and another code where one was sent before."""
        another = Button(self.phrases("code_again_button", language), SEND_AGAIN)
        cancel = Button(self.phrases("cancel_button", language), "cancel")
        text = self.phrases(f"{self.use}_{key}", language, **values)
        return Reply(text, (another, cancel) if again else (cancel,))

    def sent(self, sent: CodeSent, language: str) -> Reply:
        """That a code is on its way; in a demonstration the code as well."""
        reply = self.say("sent", language)
        if not sent.shown:
            return reply
        shown = self.phrases("code_demo", language, code=sent.shown)
        return replace(reply, text=f"{reply.text}\n\n{shown}")
