"""The message that asks a customer to write again: approved beforehand, and sent where no other may be."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Template:
    """A template as its provider has approved it.

    `language` is the provider's code of it ("en", "en_US", "hi"); `words` stand in the placeholders of its text, in
    their order; `content_sid` names the same template at Twilio, empty where the business is not there.
    """

    name: str
    language: str
    words: tuple[str, ...] = ()
    content_sid: str = ""
