"""Twilio's API: replies sent, one text after another. It has no buttons outside templates: choices are numbered."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx

from munshi.bot.channel import DeliveryError, Part, Window
from munshi.bot.channel_users import ChannelUsers
from munshi.bot.files_elsewhere import FilesElsewhere
from munshi.bot.message import Media
from munshi.bot.privacy import mask
from munshi.bot.store import Store
from munshi.bot.template import Template
from munshi.bot.twilio import CHANNEL
from munshi.bot.twilio.errors import OUTSIDE_WINDOW, consequence
from munshi.bot.whatsapp import OPEN
from munshi.bot.whatsapp.marks import to_marks
from munshi.bot.whatsapp.media import MediaError, read_bytes
from munshi.bot.whatsapp.payload import USER_ID
from munshi.bot.wording import pieces, plain
from munshi.handlers.base import Language, Reply

LONGEST = 1600
"""Most characters of one message."""

TIMEOUT = httpx.Timeout(20.0, connect=5.0)

_HOSTS = ("twilio.com", "twiliocdn.com", "amazonaws.com")
_DETAIL = 200
_WHATSAPP = "whatsapp:"


class Twilio:
    """`Channel` for Twilio.

    `http` knows the account's address and credentials; `sender` is the number that writes, `callback` where Twilio
    tells what became of a message.
    """

    name = CHANNEL

    def __init__(
        self,
        http: httpx.Client,
        store: Store,
        elsewhere: FilesElsewhere,
        *,
        sender: str,
        callback: str,
        template: Template | None = None,
    ) -> None:
        self._http = http
        self._store = store
        self._users = ChannelUsers(store.business, CHANNEL)
        self._elsewhere = elsewhere
        self._sender = sender
        self._callback = callback
        on_whatsapp = sender.startswith(_WHATSAPP)  # an SMS may be sent at any time
        self.window = Window(OPEN, str(OUTSIDE_WINDOW), _template_part(template)) if on_whatsapp else None

    def parts(self, reply: Reply, language: Language) -> Sequence[Part]:
        """A reply as texts, its choices numbered under the last, and a place; where its files are is told.

        Twilio fetches a file from a public address alone, and there is none for what is one customer's.
        """
        return tuple(_parts(reply, self._elsewhere(reply.attachments, language)))

    def send(self, address: str, part: Part, ref: str) -> str:
        """Send a part; returns Twilio's id of it. Raises DeliveryError."""
        form = {
            "From": self._sender,
            "To": self._recipient(address),
            "StatusCallback": f"{self._callback}?{urlencode({'ref': ref})}",
            **part,
        }
        try:
            response = self._http.post("Messages.json", data=form)
        except httpx.TimeoutException as error:
            unsure = not isinstance(error, httpx.ConnectTimeout | httpx.PoolTimeout)
            raise DeliveryError("retry", "timeout", "no answer in time", unsure=unsure) from None
        except httpx.HTTPError as error:
            unsure = not isinstance(error, httpx.ConnectError)
            raise DeliveryError("retry", "unreachable", type(error).__name__, unsure=unsure) from None
        answer = _object(response)
        if not response.is_success:
            raise _refusal(response, answer)
        return str(answer.get("sid") or "")

    def typing(self, address: str, message_id: str) -> None:
        """Nothing: Twilio's typing indicators are a trial of theirs."""

    def fetch(self, media: Media, *, most: int) -> bytes:
        """The bytes of a file that a customer sent. Raises MediaError."""
        if urlsplit(media.id)[:2] != (self._http.base_url.scheme, self._http.base_url.netloc.decode()):
            raise MediaError("attachment_unavailable", "its address is not Twilio's")
        try:
            with self._http.stream("GET", media.id, follow_redirects=True) as response:
                host = response.url.host
                ours = host == self._http.base_url.host or any(host.endswith(f".{known}") for known in _HOSTS)
                if not ours:
                    raise MediaError("attachment_unavailable", "its address is not Twilio's")
                return read_bytes(response, most)
        except httpx.HTTPError as error:
            raise MediaError("attachment_unavailable", type(error).__name__) from None

    def _recipient(self, address: str) -> str:
        with self._store.reading() as db:
            known = self._users.known(db, address)
        phone = known.phone if known is not None else ("" if USER_ID.fullmatch(address) else address)
        prefix = _WHATSAPP if self._sender.startswith(_WHATSAPP) else ""
        return f"{prefix}+{phone}" if phone else f"{prefix}{address}"


def _parts(reply: Reply, files: str) -> Iterator[Part]:
    choices = [f"{number}. {button.label}" for number, button in enumerate(reply.buttons, start=1)]
    said = (to_marks(plain(reply.text)).strip(), plain(files), plain("\n".join(choices)))
    text = "\n\n".join(filter(None, said))
    for piece in pieces(text, LONGEST, most=LONGEST):
        if piece:
            yield {"Body": piece}
    if place := reply.data.get("location"):
        named = f"|{place['name']}" if place.get("name") else ""
        body = str(place.get("address") or place.get("name") or "…")
        yield {"Body": body, "PersistentAction": f"geo:{place['latitude']},{place['longitude']}{named}"}


def _template_part(template: Template | None) -> Part | None:
    """The approved message by its SID, the shop's name in its placeholder; None where Twilio has none."""
    if template is None or not template.content_sid:
        return None
    words = {str(number): " ".join(word.split()) for number, word in enumerate(template.words, start=1)}
    filled = {"ContentVariables": json.dumps(words, ensure_ascii=False)} if words else {}
    return {"ContentSid": template.content_sid, **filled}


def _object(response: httpx.Response) -> Mapping[str, Any]:
    try:
        answer = response.json()
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _refusal(response: httpx.Response, answer: Mapping[str, Any]) -> DeliveryError:
    code = answer.get("code")
    number = code if isinstance(code, int) and not isinstance(code, bool) else -1
    kind, pause = consequence(number, response.status_code)
    detail = mask(str(answer.get("message") or response.reason_phrase))[:_DETAIL].replace("\n", " ")
    shown, unsure = str(number if number >= 0 else response.status_code), number < 0 and response.is_server_error
    return DeliveryError(kind, shown, detail, after=pause, unsure=unsure)
