"""A customer's phone and Meta's webhook calls: what the customer does is brought to a shop as Meta would bring it."""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from munshi.bot.whatsapp.signature import HEADER, sign
from munshi.ui.meta_messages import File, Sent
from munshi.ui.meta_stand_in import NUMBER, MetaStandIn

Json = Mapping[str, Any]

_TIMEOUT = 15.0
_KINDS = {"image": "image", "audio": "audio", "video": "video"}


@dataclass(frozen=True, slots=True)
class Owner:
    """Who holds the phone, as Meta tells of them; `phone` is empty where they keep it to themselves."""

    phone: str = "919876543210"
    user_id: str = "IN.13491208655302741918"
    name: str = "Asha"
    username: str = "asha.k"


class DeliveryRefusedError(Exception):
    """The shop did not take what was brought; the message says how it answered."""


@dataclass
class Phone:
    """Brings what its owner does to the webhook at `url`, signed with `secret`; without one, unsigned."""

    url: str
    secret: str
    meta: MetaStandIn
    owner: Owner = field(default_factory=Owner)
    twice: bool = False
    """Whether each message is brought twice, as Meta does now and then."""

    def __post_init__(self) -> None:
        self._http = httpx.Client(timeout=_TIMEOUT)
        self._last: Json | None = None
        self._kept_back: Json | None = None
        self.keep_next = False
        """Whether the next message is brought after the one that follows it."""

    def write(self, text: str, **more: Any) -> str:
        """Write a message; returns its id."""
        return self.say("text", {"body": text}, **more)

    def press(self, sent: Sent, id: str) -> str:
        """Press a button or choose a row of a message."""
        kind = "list_reply" if sent.message["interactive"]["type"] == "list" else "button_reply"
        reply = {"type": kind, kind: {"id": id, "title": sent.choices[id]}}
        return self.say("interactive", reply, context={"from": NUMBER, "id": sent.id})

    def show(self, file: File, *, name: str = "", caption: str = "", voice: bool = False) -> str:
        """Send a photo, a video, a sound or a document."""
        kind = _KINDS.get(file.mime_type.partition("/")[0], "document")
        told: dict[str, Any] = {"id": self.meta.store(file), "mime_type": file.mime_type}
        extra = {"caption": caption, "filename": name if kind == "document" else "", "voice": voice}
        return self.say(kind, {**told, **{key: value for key, value in extra.items() if value}})

    def say(self, kind: str, content: Any, **more: Any) -> str:
        """Send a message of any kind; returns its id."""
        id = f"wamid.in.{secrets.token_hex(8)}"
        message = {**self._from(), "id": id, "timestamp": str(int(time.time())), "type": kind, kind: content, **more}
        self.meta.is_open |= self.meta.is_felt
        self._bring(self._payload(messages=[message], contacts=[self._contact()]))
        return id

    def again(self) -> None:
        """Bring the last message once more."""
        if self._last is not None:
            self.deliver(self._last)

    def change_number(self, phone: str) -> None:
        """Change the owner's number, of which Meta tells the shop; their id changes with it."""
        old, self.owner = self.owner, Owner(phone, f"IN.{secrets.randbelow(10**18)}", self.owner.name)
        system = {
            "type": "user_changed_number",
            "body": f"User {old.name} changed from {old.phone} to {phone}",
            "wa_id": phone,
            "user_id": self.owner.user_id,
            "previous_user_id": old.user_id,
        }
        self._tell_system(old, system)

    def change_identity(self) -> None:
        """Let the owner's account get another key, as it does on another device."""
        self._tell_system(self.owner, {"type": "customer_identity_changed", "customer": self.owner.phone})

    def report(self, sent: Sent, status: str, *, code: int = 0) -> None:
        """Tell the shop what became of one of its messages."""
        told: dict[str, Any] = {
            "id": sent.id,
            "status": status,
            "timestamp": str(int(time.time())),
            "recipient_id": self.owner.phone,
            "recipient_user_id": self.owner.user_id,
            "biz_opaque_callback_data": sent.ref,
        }
        if code:
            told["errors"] = [{"code": code, "title": "Something went wrong"}]
        self.deliver(self._payload(statuses=[told]))

    def deliver(self, payload: Json, *, signature: str | None = None) -> None:
        """Bring a payload. Raises DeliveryRefusedError where the shop does not take it."""
        body = json.dumps(payload).encode()
        signed = signature if signature is not None else (sign(self.secret, body) if self.secret else "")
        try:
            answer = self._http.post(self.url, content=body, headers={HEADER: signed} if signed else {})
        except httpx.HTTPError as error:
            raise DeliveryRefusedError(f"{self.url} is not there ({type(error).__name__})") from None
        if answer.status_code != httpx.codes.OK:
            raise DeliveryRefusedError(f"{self.url} answered {answer.status_code} {answer.text[:200]}")

    def _bring(self, payload: Json) -> None:
        if self.keep_next:
            self._kept_back, self.keep_next = payload, False
            return
        self._last = payload
        if self.twice:  # in the same moment
            threading.Thread(target=self._quietly, args=(payload,), name="duplicate").start()
        self.deliver(payload)
        if self._kept_back is not None:
            late, self._kept_back = self._kept_back, None
            self.deliver(late)

    def _quietly(self, payload: Json) -> None:
        try:
            self.deliver(payload)
        except DeliveryRefusedError:
            return  # told of the other one

    def _tell_system(self, owner: Owner, system: Json) -> None:
        message = {"id": f"wamid.sys.{secrets.token_hex(8)}", "timestamp": str(int(time.time())), "type": "system"}
        self.deliver(self._payload(messages=[{**message, "from": owner.phone, "system": system}]))

    def _from(self) -> Json:
        phone = {"from": self.owner.phone} if self.owner.phone else {}
        return {**phone, "from_user_id": self.owner.user_id}

    def _contact(self) -> Json:
        phone = {"wa_id": self.owner.phone} if self.owner.phone else {}
        profile = {"name": self.owner.name, "username": self.owner.username}
        return {**phone, "user_id": self.owner.user_id, "profile": profile}

    def _payload(self, **value: Any) -> Json:
        metadata = {"display_phone_number": "15550783881", "phone_number_id": self.meta.number}
        change = {"field": "messages", "value": {"messaging_product": "whatsapp", "metadata": metadata, **value}}
        return {"object": "whatsapp_business_account", "entry": [{"id": "102290129340398", "changes": [change]}]}
