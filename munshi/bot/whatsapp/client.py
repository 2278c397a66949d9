"""The Cloud API: replies sent, files uploaded, messages marked as read. One class a business, safe for many threads."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from munshi.bot.channel import DeliveryError, Part, Window
from munshi.bot.channel_users import ChannelUsers
from munshi.bot.files_elsewhere import FilesElsewhere
from munshi.bot.incoming import Sender
from munshi.bot.message import Media
from munshi.bot.privacy import mask
from munshi.bot.store import Store
from munshi.bot.template import Template
from munshi.bot.whatsapp import CHANNEL, OPEN
from munshi.bot.whatsapp.errors import OUTSIDE_WINDOW, TEMPLATE_FAULTS, consequence
from munshi.bot.whatsapp.media import fetch
from munshi.bot.whatsapp.parts import FILE, parts, template_part
from munshi.bot.whatsapp.payload import USER_ID
from munshi.handlers.base import Language, Phrases, Reply
from munshi.handlers.reply_file import ReplyFile

TIMEOUT = httpx.Timeout(10.0, connect=4.0)
"""Seconds for each step of a call."""

_TYPING_TIMEOUT = httpx.Timeout(5.0)
_DETAIL = 200


class WhatsApp:
    """`Channel` for WhatsApp. `http` knows the API's address and bears the token; `number` is the phone number's id."""

    name = CHANNEL

    def __init__(
        self,
        http: httpx.Client,
        number: str,
        store: Store,
        phrases: Phrases,
        elsewhere: FilesElsewhere,
        template: Template | None = None,
    ) -> None:
        self._http = http
        self._number = number
        self._store = store
        self._users = ChannelUsers(store.business, CHANNEL)
        self._phrases = phrases
        self._elsewhere = elsewhere
        self.window: Window | None = Window(OPEN, str(OUTSIDE_WINDOW), template_part(template) if template else None)

    def parts(self, reply: Reply, language: Language) -> Sequence[Part]:
        """A reply as messages of the API, in their order."""
        return tuple(parts(reply, language, self._phrases, self._elsewhere))

    def send(self, address: str, part: Part, ref: str) -> str:
        """Send a part, its file first; returns Meta's id of it. Raises DeliveryError.

        A part that was sent in vain as far as we know, after a timeout say, may be read twice.
        """
        message = {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            **self._recipient(address),
            "biz_opaque_callback_data": ref,
            **self._uploaded(part),
        }
        answer = self._post("messages", json=message)
        sent = answer.get("messages")
        first = sent[0] if isinstance(sent, list) and sent and isinstance(sent[0], dict) else {}
        return str(first.get("id") or "")

    def typing(self, address: str, message_id: str) -> None:  # noqa: ARG002 (Meta knows it by the message)
        """Mark a message as read and show that an answer is being written, for 25 seconds or until it is there."""
        read = {"status": "read", "message_id": message_id, "typing_indicator": {"type": "text"}}
        self._post("messages", json={"messaging_product": "whatsapp", **read}, timeout=_TYPING_TIMEOUT)

    def fetch(self, media: Media, *, most: int) -> bytes:
        """The bytes of a file that a customer sent. Raises MediaError."""
        return fetch(self._http, media, most=most)

    def _recipient(self, address: str) -> Mapping[str, str]:
        """By number where it is known, as everything of Meta's takes it, and by their id of the person."""
        with self._store.reading() as db:
            known = self._users.known(db, address)
        if known is None:
            known = Sender(user_id=address) if USER_ID.fullmatch(address) else Sender(phone=address)
        found = {"to": known.phone, "recipient": known.user_id}
        return {name: value for name, value in found.items() if value}

    def _uploaded(self, part: Part) -> Part:
        kind = part["type"]
        if FILE not in part[kind]:
            return part
        told = dict(part[kind])
        return {**part, kind: {"id": self._upload(ReplyFile(**told.pop(FILE))), **told}}

    def _upload(self, file: ReplyFile) -> str:
        files = {"file": (file.name, file.data, file.mime_type)}
        answer = self._post("media", data={"messaging_product": "whatsapp", "type": file.mime_type}, files=files)
        if not answer.get("id"):
            raise DeliveryError("retry", "no_id", "an uploaded file was given no id")
        return str(answer["id"])

    def _post(self, what: str, **request: Any) -> Mapping[str, Any]:
        started = time.monotonic()
        try:
            response = self._http.post(f"{self._number}/{what}", **request)
        except httpx.TimeoutException as error:
            seconds = time.monotonic() - started
            unsure = not isinstance(error, httpx.ConnectTimeout | httpx.PoolTimeout)
            raise DeliveryError("retry", "timeout", f"no answer within {seconds:.0f} s", unsure=unsure) from None
        except httpx.HTTPError as error:
            unsure = not isinstance(error, httpx.ConnectError)
            raise DeliveryError("retry", "unreachable", type(error).__name__, unsure=unsure) from None
        answer = _object(response)
        if not response.is_success:
            raise _refusal(response, answer.get("error"))
        return answer


def _object(response: httpx.Response) -> Mapping[str, Any]:
    try:
        answer = response.json()
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _refusal(response: httpx.Response, error: Any) -> DeliveryError:
    """What Meta's answer means, without a customer's words or number in it."""
    told: Mapping[str, Any] = error if isinstance(error, dict) else {}
    code = told.get("code")
    number = code if isinstance(code, int) and not isinstance(code, bool) else -1
    kind, pause = consequence(number, response.status_code)
    wait = response.headers.get("retry-after", "")
    asked = min(float(wait), 3600.0) if wait.isdecimal() else None
    detail = mask(str(told.get("message") or response.reason_phrase))[:_DETAIL].replace("\n", " ")
    after = max(pause or 0, asked or 0) or None
    shown, unsure = str(number if number >= 0 else response.status_code), number < 0 and response.is_server_error
    return DeliveryError(kind, shown, TEMPLATE_FAULTS.get(number, detail), after=after, unsure=unsure)
