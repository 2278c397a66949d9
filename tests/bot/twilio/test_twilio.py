"""Twilio: its signature, its forms, and what is sent to it over real HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine

from munshi.bot.channel import DeliveryError
from munshi.bot.channels import open_channels
from munshi.bot.incoming import Sender
from munshi.bot.keeper import Keeper
from munshi.bot.message import Media, Message
from munshi.bot.outbox import Outbox
from munshi.bot.outbox_rows import Queued
from munshi.bot.sender import Sender as Sending
from munshi.bot.settings import SettingsError, load_settings
from munshi.bot.store import Store
from munshi.bot.template import Template
from munshi.bot.twilio.client import LONGEST, Twilio
from munshi.bot.twilio.form import read_form
from munshi.bot.twilio.signature import is_signed, sign
from munshi.bot.twilio.twiml import twiml
from munshi.bot.whatsapp.media import MediaError
from munshi.bot.wording import Phrasebook
from munshi.handlers.base import Button, Language, Reply
from munshi.handlers.reply_file import PDF, ReplyFile
from tests.arriving import arrive
from tests.servers.twilio import ACCOUNT, TOKEN, TwilioServer

FORM = {"MessageSid": "SM1", "From": "whatsapp:+919876543210", "To": "whatsapp:+14155238886", "Body": "नमस्ते"}


@pytest.fixture
def server() -> Iterator[TwilioServer]:
    with TwilioServer() as server:
        yield server


@pytest.fixture
def twilio(engine: Engine, server: TwilioServer) -> Twilio:
    settings = load_settings(
        twilio_account_sid=ACCOUNT, twilio_auth_token=TOKEN, twilio_from="whatsapp:+14155238886",
        twilio_url="https://shop.example/webhooks/twilio", twilio_api=server.address,
    )  # fmt: skip
    opened = open_channels(settings, Store(engine, "shop"), Phrasebook(), email="counter@shop.example")["twilio"]
    assert isinstance(opened, Twilio)
    return opened


def test_the_signature_is_the_one_of_twilios_own_example() -> None:
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    fields = [
        ("CallSid", "CA1234567890ABCDE"), ("Caller", "+12349013030"), ("Digits", "1234"), ("From", "+12349013030"),
        ("To", "+18005551212"),
    ]  # fmt: skip
    right = "0/KCTR6DLpKmkAf8muzZqo1nDgQ="
    assert sign("12345", url, reversed(fields)) == right
    assert is_signed("12345", url, fields, right)
    for wrong in (None, "", right[:-1], "é", right.lower()):
        assert not is_signed("12345", url, fields, wrong)
    assert not is_signed("12345", url, [*fields, ("Extra", "1")], right)
    assert not is_signed("", url, fields, sign("", url, fields))


def test_texts_in_twiml_are_escaped() -> None:
    text = "<b>&\"'>\x00\x0b ₹5 😀 ]]>"
    (message,) = ElementTree.fromstring(twiml([text]))
    assert message.text == text.replace("\x00", "").replace("\x0b", "")
    assert len(ElementTree.fromstring(twiml())) == 0


@given(st.lists(st.text()))
def test_twiml_is_always_xml(texts: list[str]) -> None:
    assert len(ElementTree.fromstring(twiml(texts))) == len(texts)


@pytest.mark.parametrize(
    ("more", "kind", "text", "pressed"),
    [
        ({}, "text", "नमस्ते", ""),
        ({"ButtonText": "Yes", "ButtonPayload": "yes #1"}, "button", "Yes", "yes #1"),
        ({"ListTitle": "A", "ListId": "a"}, "button", "A", "a"),
        ({"Body": "", "Latitude": "19.07", "Longitude": "72.99", "Label": "Home"}, "location", "", ""),
        ({"NumMedia": "1", "MediaUrl0": "https://x", "MediaContentType0": "image/jpeg"}, "image", "नमस्ते", ""),
        ({"NumMedia": "1", "MediaUrl0": "https://x", "MediaContentType0": "audio/ogg"}, "voice", "नमस्ते", ""),
        ({"NumMedia": "1", "MediaUrl0": "https://x", "MediaContentType0": "application/pdf"}, "document", "नमस्ते", ""),
        ({"NumMedia": "99999", "MediaUrl0": ""}, "text", "नमस्ते", ""),
    ],
)
def test_what_a_form_says(more: dict[str, str], kind: str, text: str, pressed: str) -> None:
    (found,) = read_form({**FORM, **more}).messages
    assert (found.said.kind, found.said.text, found.said.pressed) == (kind, text, pressed)
    assert (found.id, found.sender) == ("SM1", Sender(phone="919876543210"))


def test_a_person_without_a_number_is_known_by_their_id() -> None:
    for form in ({"From": "whatsapp:IN.77"}, {"From": "", "ExternalUserId": "IN.77"}):
        assert read_form({**FORM, **form}).messages[0].sender.user_id == "IN.77"
    assert read_form({**FORM, "From": "nobody"}).dropped == 1


def test_statuses_and_what_they_mean() -> None:
    report = {"MessageSid": "SM1", "MessageStatus": "undelivered", "ErrorCode": "63016"}
    (found,) = read_form(report, ref="r1").reports
    assert (found.status, found.code, found.kind, found.ref) == ("failed", "63016", "hold", "r1")
    assert read_form({**report, "MessageStatus": "queued"}).reports == ()


@given(st.dictionaries(st.sampled_from([*FORM, "NumMedia", "MessageStatus", "ErrorCode", "Latitude"]), st.text()))
def test_any_form_is_read(form: dict[str, str]) -> None:
    read_form(form)


def test_a_reply_goes_out_with_its_choices_numbered(twilio: Twilio, server: TwilioServer) -> None:
    place = {"latitude": 19.07, "longitude": 72.99, "name": "Vashi"}
    reply = Reply("**Which?**", (Button("One"), Button("Two")), data={"location": place})
    ids = [twilio.send("919876543210", part, "r1") for part in twilio.parts(reply, "en")]
    assert ids == ["SM1", "SM2"]
    assert server.sent[0] == {
        "From": "whatsapp:+14155238886",
        "To": "whatsapp:+919876543210",
        "StatusCallback": "https://shop.example/webhooks/twilio?ref=r1",
        "Body": "*Which?*\n\n1. One\n2. Two",
    }
    assert server.sent[1]["PersistentAction"] == "geo:19.07,72.99|Vashi"
    twilio.send("IN.77", {"Body": "x"}, "r2")
    assert server.sent[2]["To"] == "whatsapp:IN.77"


@pytest.mark.parametrize(
    ("language", "said"), [("en", "our website"), ("hi", "वेबसाइट"), ("hinglish", "website ki chat")]
)
def test_where_a_file_is_to_be_had_is_told_before_the_choices(twilio: Twilio, language: Language, said: str) -> None:
    file = ReplyFile.of(b"%PDF-1.4", name="bill.pdf", title="Bill _1_", mime_type=PDF)
    (part,) = twilio.parts(Reply("Here.", (Button("One"),), attachments=(file,)), language)
    first, line, last = part["Body"].split("\n\n")
    assert (first, last) == ("Here.", "1. One")
    assert all(each in line for each in (said, "Bill _1_", "counter@shop.example"))
    assert "\n" not in line


def test_a_long_reply_is_cut_as_twilio_wants_it(twilio: Twilio) -> None:
    text = " ".join(f"This is sentence number {n}." for n in range(300))
    parts = [str(part["Body"]) for part in twilio.parts(Reply(text), "en")]
    assert all(len(part) <= LONGEST for part in parts)
    assert " ".join(parts) == text


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, 63016, "hold"), (401, 20003, "hold"), (401, 0, "hold"), (429, 20429, "retry"), (500, 0, "retry"),
        (400, 21211, "dead"), (400, 63038, "retry"), (404, 0, "dead"),
    ],
)  # fmt: skip
def test_what_a_refusal_means(twilio: Twilio, server: TwilioServer, status: int, code: int, kind: str) -> None:
    server.refusals = [(status, code)]
    with pytest.raises(DeliveryError) as refused:
        twilio.send("919876543210", {"Body": "x"}, "r")
    assert refused.value.kind == kind
    assert "9876543210" not in str(refused.value)


def test_a_file_is_fetched_from_twilio_and_from_nowhere_else(twilio: Twilio, server: TwilioServer) -> None:
    server.files["/media/ME1"] = b"%PDF-1.4"
    assert twilio.fetch(Media(f"{server.address}/media/ME1", ""), most=100) == b"%PDF-1.4"
    for url, most in ((f"{server.address}/gone", 100), (f"{server.address}/media/ME1", 3), ("http://evil.example/", 9)):
        with pytest.raises(MediaError):
            twilio.fetch(Media(url, ""), most=most)


TEMPLATE = Template("answer_ready", "en", ("Nand\nAuto  🛵",), "HX" + "0" * 32)


def test_twilios_error_of_the_24_hours_leads_to_the_template_by_its_sid(engine: Engine, server: TwilioServer) -> None:
    store = Store(engine, "shop")
    settings = load_settings(
        twilio_account_sid=ACCOUNT, twilio_auth_token=TOKEN, twilio_from="whatsapp:+14155238886",
        twilio_url="https://shop.example/webhooks/twilio", twilio_api=server.address,
    )  # fmt: skip
    channels = open_channels(settings, store, Phrasebook(), template=TEMPLATE)
    arrive(store, [Message("hi", "s1", "919876543210", "twilio")])
    with store.transaction() as db:
        line = store.say(db, "s1", "person", "It is here")
        Outbox(store, channels).post(db, Queued("s1", "twilio", line, "person"), Reply("It is here"), "en")
    server.refusals = [(400, 63016)]
    sender = Sending(store, channels, Keeper(store))
    while sender.send_some():
        pass
    (sent,) = server.sent
    assert (sent["ContentSid"], json.loads(sent["ContentVariables"])) == (TEMPLATE.content_sid, {"1": "Nand Auto 🛵"})
    assert "Body" not in sent
    arrive(store, [Message("yes", "s1", "919876543210", "twilio")])
    while sender.send_some():
        pass
    assert [form.get("Body") for form in server.sent] == [None, "It is here"]


@pytest.mark.parametrize(("sender", "sid"), [("+14155238886", "HX" + "0" * 32), ("whatsapp:+14155238886", "")])
def test_an_sms_needs_no_template_and_without_a_sid_there_is_none(
    engine: Engine, server: TwilioServer, sender: str, sid: str
) -> None:
    settings = load_settings(
        twilio_account_sid=ACCOUNT, twilio_auth_token=TOKEN, twilio_from=sender,
        twilio_url="https://shop.example/webhooks/twilio", twilio_api=server.address,
    )  # fmt: skip
    window = open_channels(
        settings, Store(engine, "shop"), Phrasebook(), template=replace(TEMPLATE, content_sid=sid)
    )["twilio"].window  # fmt: skip
    assert (window is None) == (not sender.startswith("whatsapp:"))
    assert window is None or window.template is None


def test_half_a_setup_is_told(engine: Engine) -> None:
    with pytest.raises(SettingsError, match="MUNSHI_TWILIO"):
        open_channels(load_settings(twilio_account_sid=ACCOUNT), Store(engine, "shop"), Phrasebook())
