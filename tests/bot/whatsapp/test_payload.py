"""What the `messages` webhook brings, taken apart."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.bot.incoming import Delivery, Incoming, Sender
from munshi.bot.message import Media
from munshi.bot.whatsapp.json_body import DEEPEST, read_json
from munshi.bot.whatsapp.payload import take_apart
from munshi.bot.whatsapp.signature import is_signed, sign

PHONE, USER_ID = "919876543210", "IN.13491208655302741918"

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=30,
)
KEYS = st.sampled_from(
    "from from_user_id id timestamp type text body image audio voice mime_type system wa_id interactive button_reply"
    " list_reply button payload location latitude longitude reaction contacts errors code status context group_id"
    " model_config model_fields".split()
)
MESSAGE_LIKE = st.dictionaries(
    KEYS, JSON | st.sampled_from([PHONE, "text", "image", "system", "interactive"]), max_size=9
)


def payload(*messages: Any, contacts: Any = None, statuses: Any = None, **value: Any) -> dict[str, Any]:
    told = {"messaging_product": "whatsapp", "messages": list(messages), "contacts": contacts, "statuses": statuses}
    return {
        "object": "whatsapp_business_account",
        "entry": [{"id": "1", "changes": [{"field": "messages", "value": {**told, **value}}]}],
    }


def message(kind: str = "text", **more: Any) -> dict[str, Any]:
    given = {"from": PHONE, "id": "wamid.A", "timestamp": "1700000000", "type": kind, **more}
    return {**given, "text": {"body": "hello"}} if kind == "text" and "text" not in given else given


def only(delivery: Delivery) -> Incoming:
    (found,) = delivery.messages
    return found


def test_the_signature_is_the_one_that_meta_would_give() -> None:
    body = (
        rb'{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"messages","value":'
        rb'{"messaging_product":"whatsapp","messages":[{"from":"919876543210","id":"wamid.A","timestamp":"1700000000",'
        rb'"type":"text","text":{"body":"caf\u00e9 \ud83d\ude00 a\/b"}}]}}]}]}'
    )
    right = "sha256=8695ed0c4421cf12b4d81ec1c23827d6cfe06064b9deb6cf026a3d29250c838d"
    assert sign("app-secret", body) == right
    assert is_signed("app-secret", body, right)
    assert only(take_apart(read_json(body))).said.text == "café 😀 a/b"
    for wrong in (None, "", right[:-1], right.upper(), right + "\n", "é", right.removeprefix("sha256=")):
        assert not is_signed("app-secret", body, wrong)
    assert not is_signed("app-secret", body + b" ", right)
    assert not is_signed("", body, sign("", body))


def test_a_text_with_all_that_meta_tells_of_its_sender() -> None:
    contact = {"profile": {"name": "Asha", "username": "@asha"}, "wa_id": PHONE, "user_id": USER_ID}
    contact["identity_key_hash"] = "DF2lS5v2W6x="
    found = only(take_apart(payload(message(from_user_id=USER_ID, context={"id": "wamid.Z"}), contacts=[contact])))
    assert found.sender == Sender(USER_ID, PHONE, "@asha", "Asha", "DF2lS5v2W6x=")
    assert (found.id, found.reply_to) == ("wamid.A", "wamid.Z")
    assert found.at == datetime.fromtimestamp(1700000000, UTC)


@pytest.mark.parametrize(
    ("raw", "contacts", "sender"),
    [
        (message(), None, Sender("", PHONE)),
        ({**message(from_user_id=USER_ID), "from": None}, None, Sender(USER_ID)),
        ({**message(), "from": USER_ID}, None, Sender(USER_ID)),
        ({**message(), "from": None}, [{"user_id": USER_ID, "profile": {"username": "@a"}}], Sender(USER_ID, "", "@a")),
        (message(), [{"wa_id": "911111111111"}, {"wa_id": PHONE, "user_id": USER_ID}], Sender(USER_ID, PHONE)),
        (message(), [{"wa_id": "911111111111", "profile": {"name": "Other"}}], Sender("", PHONE)),
    ],
)
def test_a_sender_is_known_by_whatever_is_there(raw: Any, contacts: Any, sender: Sender) -> None:
    assert only(take_apart(payload(raw, contacts=contacts))).sender == sender


@pytest.mark.parametrize(
    ("raw", "kind", "text", "pressed"),
    [
        (message("button", button={"text": "Yes", "payload": "yes-1"}), "button", "Yes", "yes-1"),
        (
            message("interactive", interactive={"type": "button_reply", "button_reply": {"id": "no", "title": "No"}}),
            "button", "No", "no",
        ),
        (
            message(
                "interactive",
                interactive={"type": "list_reply", "list_reply": {"id": "a", "title": "A", "description": "x"}},
            ),
            "button", "A", "a",
        ),
        (message("interactive", errors=[{"code": 131051}]), "unsupported", "", ""),
        (message("interactive", interactive={"type": "nfm_reply", "nfm_reply": {}}), "unsupported", "", ""),
        (message("unsupported", errors=[{"code": 131051}]), "unsupported", "", ""),
        (message("order", order={"catalog_id": "1"}), "unsupported", "", ""),
        (message("text", text=["no"]), "unsupported", "", ""),
        (message("image", image={"id": "../../etc"}), "unsupported", "", ""),
        (message("location", location={"latitude": 1e9, "longitude": 0}), "unsupported", "", ""),
        (message("contacts", contacts=[{"name": {}}]), "contacts", "", ""),
        (message("text", group_id="g1"), "group", "", ""),
    ],
)  # fmt: skip
def test_each_kind_says_what_it_says(raw: Any, kind: str, text: str, pressed: str) -> None:
    said = only(take_apart(payload(raw))).said
    assert (said.kind, said.text, said.pressed) == (kind, text, pressed)


@pytest.mark.parametrize("kind", ["image", "video", "document", "audio", "sticker"])
def test_a_file_is_told_with_its_caption_and_fetched_later(kind: str) -> None:
    file = {"id": "1234", "mime_type": "x/y; z", "sha256": "abc=", "caption": "my bill", "filename": "bill.pdf"}
    said = only(take_apart(payload(message(kind, **{kind: file})))).said
    assert (said.kind, said.text) == (kind, "my bill")
    assert said.media == (Media("1234", "x/y; z", "bill.pdf", "abc="),)


def test_a_voice_note_is_no_other_sound() -> None:
    said = only(take_apart(payload(message("audio", audio={"id": "1", "mime_type": "audio/ogg", "voice": True})))).said
    assert said.kind == "voice"
    assert said.media[0].voice


def test_a_reaction_set_and_taken_away() -> None:
    given_ = only(take_apart(payload(message("reaction", reaction={"message_id": "wamid.B", "emoji": "👍"})))).said
    taken = only(take_apart(payload(message("reaction", reaction={"message_id": "wamid.B"})))).said
    assert (given_.extra["emoji"], taken.extra["emoji"]) == ("👍", "")
    assert given_.kind == taken.kind == "reaction"


@pytest.mark.parametrize(
    ("system", "moved_to"),
    [
        ({"type": "user_changed_number", "wa_id": "912222222222", "user_id": "IN.2"}, Sender("IN.2", "912222222222")),
        ({"type": "customer_changed_number", "new_wa_id": "912222222222"}, Sender("", "912222222222")),
        ({"type": "user_changed_user_id", "previous_user_id": "IN.1", "user_id": "IN.2"}, Sender("IN.2")),
        ({"type": "customer_identity_changed", "customer": PHONE, "identity": "x"}, None),
        ({"type": "user_changed_number", "wa_id": {}}, None),
    ],
)
def test_a_change_of_number_or_identity_is_told(system: Any, moved_to: Sender | None) -> None:
    found = only(take_apart(payload(message("system", system=system))))
    assert found.said.kind == "system"
    assert found.moved_to == moved_to
    assert found.new_identity is (moved_to is not None or "identity" in system)
    if "previous_user_id" in system:
        assert found.sender.user_id == "IN.1"


def test_what_we_have_no_name_for_is_kept() -> None:
    raw = message("text", referral={"source_id": "ad"}, text={"body": "hi", "lang": "en"})
    assert only(take_apart(payload(raw))).said.extra == {"referral": {"source_id": "ad"}, "lang": "en"}


def test_statuses_with_what_they_mean() -> None:
    base = {"id": "wamid.O", "timestamp": "1700000000", "recipient_id": PHONE, "biz_opaque_callback_data": "ref1"}
    failed = {"errors": [{"code": 131047, "title": "Re-engagement message"}]}
    names = ["sent", "delivered", "read", "played", "failed", "deleted", 5, None]
    statuses = [{**base, "status": name, **(failed if name == "failed" else {})} for name in names]
    reports = take_apart(payload(statuses=statuses)).reports
    assert [report.status for report in reports] == ["sent", "delivered", "read", "read", "failed"]
    assert {(report.ref, report.provider_id) for report in reports} == {("ref1", "wamid.O")}
    assert (reports[-1].code, reports[-1].kind) == ("131047", "hold")


def test_all_entries_changes_and_messages_are_walked() -> None:
    one = payload(message(id="1"), message(id="2"))["entry"][0]
    two = payload(message(id="3"))["entry"][0]
    one["changes"] += [{"field": "account_update", "value": {"messages": [message(id="no")]}}, *two["changes"]]
    found = take_apart({"entry": [one, None, 7, {"changes": {}}, two]})
    assert [incoming.id for incoming in found.messages] == ["1", "2", "3", "3"]


def test_another_numbers_messages_are_not_ours() -> None:
    ours, theirs = ({"metadata": {"phone_number_id": number}} for number in ("1", "2"))
    assert take_apart(payload(message(), **ours), phone_number_id="1").messages
    assert take_apart(payload(message()), phone_number_id="1").messages
    assert not take_apart(payload(message(), **theirs), phone_number_id="1").messages


@pytest.mark.parametrize("bad", [None, 7, "x", [], {}, {"from": PHONE}, {"id": "x", "type": "text"}, {"from": "abc"}])
def test_a_bad_message_costs_no_good_one_beside_it(bad: Any) -> None:
    found = take_apart(payload(bad, message(id="good"), bad))
    assert "good" in [incoming.id for incoming in found.messages]


def test_a_message_without_an_id_is_the_same_message_each_time() -> None:
    raw = {name: value for name, value in message().items() if name != "id"}
    assert only(take_apart(payload(raw))).id == only(take_apart(payload(dict(reversed(raw.items()))))).id


@pytest.mark.parametrize("at", ["1e400", "-1e400", "nan", "9" * 400, -1, True, [], "soon", "99999999999"])
def test_a_time_that_is_none_is_now(at: Any) -> None:
    assert only(take_apart(payload(message(timestamp=at)))).at <= datetime.now(UTC)


@given(JSON)
def test_any_json_is_taken_apart(value: Any) -> None:
    take_apart(value)


@given(st.lists(MESSAGE_LIKE | JSON, max_size=4), JSON, st.lists(MESSAGE_LIKE | JSON, max_size=3))
def test_a_good_message_is_found_among_any_others(messages: list[Any], contacts: Any, statuses: list[Any]) -> None:
    found = take_apart(payload(*messages, message(id="good"), *messages, contacts=contacts, statuses=statuses))
    assert "good" in [incoming.id for incoming in found.messages]


@pytest.mark.parametrize(
    "rotten",
    [b"[" * 50_000 + b"]" * 50_000, b'{"a":' * 2000 + b"1" + b"}" * 2000, b"9" * 5000, b'"\xff\xfe"', b'"\\ud800"'],
)
def test_one_rotten_part_costs_only_itself(rotten: bytes) -> None:
    good = json.dumps(payload(message(id="good"))).encode()
    body = good[:-1] + b', "x": ' + rotten + b"}"
    assert only(take_apart(read_json(body))).id == "good"


@given(JSON)
def test_json_is_read_as_it_stands_where_it_is_not_too_deep(value: Any) -> None:
    text = json.dumps(value)
    read = read_json(text.encode())
    if not any(char.isdigit() for char in text) and text.count("[") + text.count("{") <= DEEPEST:
        assert json.dumps(read) == text  # not the values themselves: a list with NaN in it equals no other


@pytest.mark.parametrize("body", [b"", b"{", b"nothing", b'{"a":' * 500, b"\x00", b'"' + b"\\" * 1001])
def test_what_is_no_json_is_told(body: bytes) -> None:
    with pytest.raises(json.JSONDecodeError):
        read_json(body)
