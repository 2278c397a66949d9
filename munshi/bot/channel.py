"""The contract between the queue and a channel that replies are sent over (WhatsApp, Twilio).

What comes in is kept at once (`App.receive`, in one transaction) and answered afterwards by a worker. What goes out is
rendered when the reply is recorded, kept as rows of the outbox in that same transaction, and sent by a sender, in order
for each chat. A channel knows nothing of queues, and the queue nothing of a channel's API.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal, Protocol

from munshi.handlers.base import Language, Reply

Part = Mapping[str, Any]
"""One message of a channel's API, as plain JSON values, without the address. It is kept sealed until it is sent."""

DeliveryStatus = Literal["sent", "delivered", "read", "failed"]

FaultKind = Literal["retry", "hold", "dead"]
"""What becomes of a part that was not taken.

- "retry": later, after growing pauses; parts of the same chat behind it wait.
- "hold": it waits until the customer writes again (WhatsApp's 24 hours); parts behind it wait too.
- "dead": never by itself; it is listed by `munshi outbox`, and parts behind it go on.
"""


class DeliveryError(Exception):
    """A part was not taken. `code` is the provider's, `detail` one line without a customer's words or number.

    `after` is the least pause in seconds before the next try, where the provider named one; `unsure` says that it may
    have been taken all the same.
    """

    def __init__(
        self, kind: FaultKind, code: str, detail: str, *, after: float | None = None, unsure: bool = False
    ) -> None:
        super().__init__(f"{code}: {detail}")
        self.kind = kind
        self.code = code
        self.detail = detail
        self.after = after
        self.unsure = unsure


@dataclass(frozen=True, slots=True)
class Window:
    """How long a provider lets a customer be written to after their last message.

    `code` is that of its error afterwards, of kind "hold"; `template` is the part that it takes all the same, to ask
    the customer to write: None where the business has none.
    """

    length: timedelta
    code: str
    template: Part | None = None


class Channel(Protocol):
    """A way to a customer who is not waiting at the other end of a request. Used from several threads at once."""

    name: str
    """What `Message.channel` says of messages that came in over it."""

    window: Window | None
    """None where a customer may be written to at any time."""

    def parts(self, reply: Reply, language: Language) -> Sequence[Part]:
        """A reply as messages of the API, in their order; called inside a transaction, so it must do no work outside.

        A person's words come as a reply with nothing but text.
        """

    def send(self, address: str, part: Part, ref: str) -> str:
        """Hand a part to the provider and return the provider's id of it.

        `address` is the `user_id` of the chat's latest message; `ref` is the outbox's own name for the part, to be
        given along where the API can carry it, so that a status finds the part though its id was never learnt. Blocks
        for 30 seconds at most. Raises DeliveryError; anything else it raises counts as "retry".
        """

    def typing(self, address: str, message_id: str) -> None:
        """Tell that the message was read and an answer is being written. What it raises is logged and forgotten."""
