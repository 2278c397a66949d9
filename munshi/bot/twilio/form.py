"""What Twilio's webhook brings: one message, or what became of one of ours, as the fields of a form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from munshi.bot.arrivals import storable
from munshi.bot.channel import DeliveryStatus
from munshi.bot.incoming import Delivery, Incoming, Report, Said, Sender
from munshi.bot.message import Media
from munshi.bot.twilio.errors import consequence
from munshi.bot.whatsapp.payload import USER_ID

_STATUSES: Mapping[str, DeliveryStatus] = {
    "sent": "sent",
    "delivered": "delivered",
    "read": "read",
    "failed": "failed",
    "undelivered": "failed",
}
_PHONE = re.compile(r"\+?(\d{5,20})")
_MOST_FILES = 10
_KINDS = {"image": "image", "audio": "voice", "video": "video"}
_NAMED = frozenset(
    "AccountSid ApiVersion Body ButtonPayload ButtonText From Latitude ListId ListTitle Longitude MessageSid NumMedia"
    " NumSegments OriginalRepliedMessageSid ProfileName SmsMessageSid SmsSid SmsStatus To WaId".split()
)

Form = Mapping[str, str]


def read_form(given: Form, *, ref: str = "") -> Delivery:
    """A message or a report; `ref` is our name for the part that a report is about."""
    form = {storable(name): storable(value) for name, value in given.items()}
    if "MessageStatus" in form:
        report = _report(form, ref)
        return Delivery(reports=(report,) if report is not None else ())
    message = _message(form)
    return Delivery((message,)) if message is not None else Delivery(dropped=1)


def _report(form: Form, ref: str) -> Report | None:
    status = _STATUSES.get(form["MessageStatus"])
    if status is None:
        return None
    code = form.get("ErrorCode", "")
    number = int(code) if re.fullmatch(r"\d{1,9}", code) else 0
    kind = consequence(number, 400)[0] if status == "failed" else "dead"
    told = str(number) if status == "failed" else ""
    return Report(status, datetime.now(UTC), ref, form.get("MessageSid", ""), told, kind)


def _message(form: Form) -> Incoming | None:
    sender = _sender(form)
    id = form.get("MessageSid") or form.get("SmsMessageSid", "")
    if not (sender.address and id):
        return None
    reply_to = form.get("OriginalRepliedMessageSid", "")[:200]
    return Incoming(id, sender, datetime.now(UTC), _said(form), reply_to)


def _sender(form: Form) -> Sender:
    given = form.get("From", "").removeprefix("whatsapp:")
    phone = _PHONE.fullmatch(given) or _PHONE.fullmatch(form.get("WaId", ""))
    ids = (form.get("ExternalUserId", ""), given)
    user_id = next((id for id in ids if USER_ID.fullmatch(id)), "")
    return Sender(user_id, phone[1] if phone else "", name=form.get("ProfileName", "")[:200])


def _said(form: Form) -> Said:
    extra = {name: value for name, value in form.items() if name not in _NAMED and not name.startswith("Media")}
    text = form.get("Body", "")
    if form.get("ButtonText") or form.get("ListTitle"):
        pressed = form.get("ButtonPayload") or form.get("ListId", "")
        return Said("button", form.get("ButtonText") or form.get("ListTitle", ""), pressed, extra=extra)
    media = tuple(_media(form))
    if media:
        kind = _KINDS.get(media[0].mime_type.partition("/")[0], "document")
        return Said(kind, text, media=media, extra=extra)
    if form.get("Latitude") and form.get("Longitude"):
        place = {"latitude": form["Latitude"], "longitude": form["Longitude"], "name": form.get("Label", "")}
        return Said("location", text, extra={**extra, **place, "address": form.get("Address", "")})
    return Said("text", text, extra=extra)


def _media(form: Form) -> list[Media]:
    count = form.get("NumMedia", "0")
    files = range(min(int(count), _MOST_FILES) if re.fullmatch(r"\d{1,3}", count) else 0)
    urls = [(form.get(f"MediaUrl{n}", ""), form.get(f"MediaContentType{n}", "")) for n in files]
    return [Media(url[:500], mime_type[:100], voice=mime_type.startswith("audio/")) for url, mime_type in urls if url]
