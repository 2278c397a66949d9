"""A payload of the `messages` webhook taken apart: every entry, change, message and status in it.

Nothing in a payload is trusted to be there or to be of its type. What cannot be read is left out, and what stands
beside it is not. The form is that of https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, get_args

from munshi.bot.channel import DeliveryStatus
from munshi.bot.incoming import Delivery, Incoming, Report, Said, Sender
from munshi.bot.privacy import mask
from munshi.bot.whatsapp.errors import TEMPLATE_FAULTS, consequence
from munshi.bot.whatsapp.kinds import said

USER_ID = re.compile(r"[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}")
"""A business-scoped user id."""

_PHONE = re.compile(r"\+?(\d{5,20})")
_MOVED = frozenset({"user_changed_number", "customer_changed_number", "user_changed_user_id"})
_IDENTITY = frozenset({"user_identity_changed", "customer_identity_changed"})
_LONGEST_ID = 200
_DETAIL = 200
_PLAYED = "played"  # a voice message that was heard was read
_NAMED = frozenset({"from", "from_user_id", "id", "timestamp", "type", "context"})

Json = Mapping[str, Any]


def take_apart(payload: Any, *, phone_number_id: str = "") -> Delivery:
    """All messages and statuses for this business. `phone_number_id`, where given, leaves out other numbers' own."""
    messages: list[Incoming] = []
    reports: list[Report] = []
    dropped = 0
    for value in _values(payload):
        metadata = _object(value.get("metadata"))
        number = _text(metadata.get("phone_number_id"))
        if phone_number_id and number and number != phone_number_id:
            continue
        contacts = [_contact(contact) for contact in _objects(value.get("contacts"))]
        for raw in _list(value.get("messages")):
            message = _message(raw, contacts) if isinstance(raw, dict) else None
            dropped += message is None
            messages.extend(filter(None, [message]))
        reports.extend(filter(None, map(_report, _objects(value.get("statuses")))))
    return Delivery(tuple(messages), tuple(reports), dropped)


def _values(payload: Any) -> Iterator[Json]:
    for entry in _objects(_object(payload).get("entry")):
        for change in _objects(entry.get("changes")):
            if change.get("field", "messages") == "messages":
                yield _object(change.get("value"))


def _contact(raw: Json) -> Sender:
    profile = _object(raw.get("profile"))
    return Sender(
        user_id=_user_id(raw.get("user_id")) or _user_id(raw.get("wa_id")),
        phone=_phone(raw.get("wa_id")),
        username=_text(profile.get("username"))[:100],
        name=_text(profile.get("name"))[:200],
        identity=_text(raw.get("identity_key_hash"))[:100],
    )


def _message(raw: Json, contacts: list[Sender]) -> Incoming | None:
    """One message; None where nobody could be answered."""
    kind = _text(raw.get("type"))[:40]
    system = _object(raw.get("system")) if kind == "system" else {}
    sender = _sender(raw, system, contacts)
    if not sender.address:
        return None
    what = Said("group", extra=dict(raw)) if raw.get("group_id") else said(kind, raw)
    unnamed = {name: value for name, value in raw.items() if name not in _NAMED and name != kind}
    moved_to = _moved_to(system)
    return Incoming(
        id=_id(raw),
        sender=sender,
        at=_time(raw.get("timestamp")),
        said=replace(what, extra={**unnamed, **what.extra}),
        reply_to=_text(_object(raw.get("context")).get("id"))[:200],
        moved_to=moved_to if moved_to != Sender() else None,
        new_identity=_text(system.get("type")) in _IDENTITY or moved_to != Sender(),
    )


def _sender(raw: Json, system: Json, contacts: list[Sender]) -> Sender:
    """Who wrote, with what the payload's contacts tell of them."""
    user_id = _user_id(system.get("previous_user_id")) or _user_id(raw.get("from_user_id")) or _user_id(raw.get("from"))
    phone = _phone(raw.get("from")) or _phone(system.get("customer"))
    same = (one for one in contacts if (user_id and one.user_id == user_id) or (phone and one.phone == phone))
    found = next(same, contacts[0] if len(contacts) == 1 and not (user_id or phone) else Sender())
    return replace(found, user_id=user_id or found.user_id, phone=phone or found.phone)


def _moved_to(system: Json) -> Sender:
    if _text(system.get("type")) not in _MOVED:
        return Sender()
    phone = _phone(system.get("wa_id")) or _phone(system.get("new_wa_id"))
    return Sender(user_id=_user_id(system.get("user_id")), phone=phone)


def _report(raw: Json) -> Report | None:
    status = _text(raw.get("status"))
    status = "read" if status == _PLAYED else status
    provider_id, ref = _text(raw.get("id"))[:200], _text(raw.get("biz_opaque_callback_data"))[:200]
    known = next((name for name in get_args(DeliveryStatus) if name == status), None)
    if known is None or not (provider_id or ref):
        return None
    report = Report(known, _time(raw.get("timestamp")), ref, provider_id)
    errors = list(_objects(raw.get("errors")))
    if known != "failed" or not errors:
        return report
    code = errors[0].get("code")
    number = int(code) if isinstance(code, int | str) and re.fullmatch(r"\d{1,9}", str(code)) else 0
    detail = TEMPLATE_FAULTS.get(number) or mask(_text(errors[0].get("title")))[:_DETAIL].replace("\n", " ")
    return replace(report, code=str(number), kind=consequence(number, 400)[0], detail=detail)


def _id(raw: Json) -> str:
    """A message's id; for one that has none, or too long a one, what is the same for the same message."""
    id = _text(raw.get("id"))
    if 0 < len(id) <= _LONGEST_ID:
        return id
    return "sha256-" + hashlib.sha256((id or json.dumps(raw, sort_keys=True)).encode("utf-8", "replace")).hexdigest()


def _time(value: Any) -> datetime:
    """Seconds since 1970, as a number or its digits; now where it is neither."""
    now = datetime.now(UTC)
    try:
        at = datetime.fromtimestamp(float(value), UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return now
    return min(at, now)  # a clock that runs ahead must not put a message behind those that follow it


def _user_id(value: Any) -> str:
    return value if isinstance(value, str) and USER_ID.fullmatch(value) else ""


def _phone(value: Any) -> str:
    found = _PHONE.fullmatch(value) if isinstance(value, str) else None
    return found[1] if found else ""


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _object(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list) else ()


def _objects(value: Any) -> Iterator[Json]:
    return (item for item in _list(value) if isinstance(item, dict))
