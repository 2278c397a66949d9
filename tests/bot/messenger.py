"""A channel that keeps what it was given to send, and refuses what it is told to."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from munshi.bot.channel import DeliveryError, Part, Window
from munshi.handlers.base import Language, Reply


@dataclass
class Messenger:
    """One part a line of a reply; `faults` are raised, one for each call of `send`, before anything is taken."""

    name: str = "messenger"
    sent: list[tuple[str, str, str]] = field(default_factory=list)  # address, text, ref
    read: list[tuple[str, str]] = field(default_factory=list)
    faults: list[Exception] = field(default_factory=list)
    gate: threading.Event | None = None  # sending waits for it
    window: Window | None = None

    def parts(self, reply: Reply, language: Language) -> Sequence[Part]:
        return [{"text": line} for line in reply.text.split("\n") if line]

    def send(self, address: str, part: Part, ref: str) -> str:
        if self.gate is not None:
            self.gate.wait(10)
        if self.faults:
            raise self.faults.pop(0)
        self.sent.append((address, str(part["text"]), ref))
        return f"id-{len(self.sent)}"

    def typing(self, address: str, message_id: str) -> None:
        self.read.append((address, message_id))

    @property
    def texts(self) -> list[str]:
        return [text for _, text, _ in self.sent]


def refused(kind: str, code: str = "1", after: float | None = None) -> DeliveryError:
    return DeliveryError(kind, code, "not taken", after=after)  # type: ignore[arg-type]
