"""What goes to Meta, over real HTTP to a stand-in that is as strict as Meta, and what its refusals mean."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from munshi.bot.channel import DeliveryError
from munshi.bot.channel_users import ChannelUsers
from munshi.bot.channels import open_channels
from munshi.bot.files_elsewhere import FilesElsewhere
from munshi.bot.incoming import Sender
from munshi.bot.settings import SettingsError, load_settings
from munshi.bot.store import Store
from munshi.bot.template import Template
from munshi.bot.whatsapp.client import WhatsApp
from munshi.bot.whatsapp.errors import OUTSIDE_WINDOW, TEMPLATE_FAULTS
from munshi.bot.whatsapp.parts import parts, pressed, template_part
from munshi.bot.wording import Phrasebook
from munshi.handlers.base import Button, Reply
from munshi.handlers.reply_file import PDF, XLSX, ReplyFile
from munshi.knowledge.base import Citation
from munshi.ui.meta_limits import complaint
from munshi.ui.meta_messages import Sent
from munshi.ui.meta_stand_in import MetaStandIn

ELSEWHERE = FilesElsewhere(Phrasebook(), "counter@shop.example")
PHONE, USER_ID = "919876543210", "IN.13491208655302741918"


def send(whatsapp: WhatsApp, reply: Reply, address: str = PHONE) -> list[str]:
    return [whatsapp.send(address, part, f"ref-{n}") for n, part in enumerate(whatsapp.parts(reply, "en"))]


def test_a_text_goes_out_with_our_name_for_it(whatsapp: WhatsApp, meta: MetaStandIn) -> None:
    (id,) = send(whatsapp, Reply("**नमस्ते** 🙏"))
    (sent,) = meta.sent
    assert (sent.id, sent.to, sent.text, sent.ref) == (id, PHONE, "*नमस्ते* 🙏", "ref-0")


def test_a_person_is_reached_by_number_and_id(whatsapp: WhatsApp, meta: MetaStandIn, store: Store) -> None:
    send(whatsapp, Reply("hello"), USER_ID)
    with store.transaction() as db:
        ChannelUsers("shop", "whatsapp").chat_of(db, Sender(USER_ID, PHONE))
    send(whatsapp, Reply("hello"), USER_ID)
    told = [(sent.message.get("to"), sent.message.get("recipient")) for sent in meta.sent]
    assert told == [(None, USER_ID), (PHONE, USER_ID)]


def test_a_long_text_is_cut_at_sentences_and_nothing_is_lost(whatsapp: WhatsApp, meta: MetaStandIn) -> None:
    text = " ".join(f"This is sentence number {n}." for n in range(600))
    send(whatsapp, Reply(text))
    assert len(meta.sent) > 1
    assert all(sent.text.endswith(".") for sent in meta.sent)
    assert " ".join(sent.text for sent in meta.sent) == text


@pytest.mark.parametrize("count", [1, 3, 4, 10, 14])
def test_few_short_buttons_are_buttons_and_others_a_list(whatsapp: WhatsApp, meta: MetaStandIn, count: int) -> None:
    buttons = tuple(Button(f"Choice {n}", f"value {n}") for n in range(count))
    send(whatsapp, Reply("Which?", buttons))
    (sent,) = meta.sent
    assert sent.message["interactive"]["type"] == ("button" if count <= 3 else "list")
    assert [pressed(id) for id in sent.choices] == [f"value {n}" for n in range(min(count, 10))]


def test_a_value_comes_back_whatever_it_begins_with() -> None:
    values = {"A": "12:30", "B": "7", "C": "yes #ab: c", "D": "", "E": "D"}
    reply = Reply("?", tuple(Button(label, value) for label, value in values.items()))
    (part,) = parts(reply, "en", Phrasebook(), ELSEWHERE)
    rows = part["interactive"]["action"]["sections"][0]["rows"]
    assert [pressed(row["id"]) for row in rows] == ["12:30", "7", "yes #ab: c", "D", "D"]


def test_the_source_stands_under_the_answer(whatsapp: WhatsApp, meta: MetaStandIn) -> None:
    cited = Citation("1", "returns.md", "Returns_policy", (), 2, "quote")
    send(whatsapp, Reply("Within 7 days.", citations=(cited, cited, replace(cited, title="FAQ", page=None))))
    assert meta.sent[0].text == "Within 7 days.\n\n_Returns policy, 2_\n_FAQ_"


def test_a_place_goes_after_what_is_said_of_it(whatsapp: WhatsApp, meta: MetaStandIn) -> None:
    place = {"latitude": "19.0771", "longitude": 72.9987, "name": "Vashi", "address": "Sector 17"}
    send(whatsapp, Reply("We are here:", data={"location": place}))
    assert [sent.message["type"] for sent in meta.sent] == ["text", "location"]
    assert meta.sent[1].message["location"]["latitude"] == 19.0771


def file(data: bytes, *, name: str = "bill ₹.pdf", title: str = "Bill", mime_type: str = PDF) -> ReplyFile:
    return ReplyFile.of(data, name=name, title=title, mime_type=mime_type)


def test_files_are_uploaded_and_sent_with_a_caption(whatsapp: WhatsApp, meta: MetaStandIn) -> None:
    bill, photo = file(b"%PDF-1.4 bill"), file(b"\x89PNG photo", name="part.png", mime_type="image/png")
    send(whatsapp, Reply("Your bill", attachments=(bill,)))
    send(whatsapp, Reply("Both", attachments=(bill, photo)))
    send(whatsapp, Reply("Which?", (Button("One"),), attachments=(bill,)))
    assert [sent.message["type"] for sent in meta.sent] == [
        "document", "text", "document", "image", "interactive", "document",
    ]  # fmt: skip
    told = [sent.message["document"] for sent in meta.sent if sent.message["type"] == "document"]
    assert [each["caption"] for each in told] == ["Your bill", "Bill", "Bill"]
    assert {each["filename"] for each in told} == {"bill ₹.pdf"}
    held = meta.files[told[0]["id"]]
    assert (held.content, held.mime_type) == (b"%PDF-1.4 bill", PDF)
    assert meta.files[meta.sent[3].message["image"]["id"]].content == b"\x89PNG photo"


@pytest.mark.parametrize(
    "refused",
    [
        file(b"month,sum", name="table.csv", mime_type="text/csv"),
        file(b"<script>", name="x.html", mime_type="text/html"),
        file(b"x", name="x", mime_type=""),
        file(bytes(16 * 1024 * 1024 + 1)),
        file(bytes(5 * 1024 * 1024 + 1), mime_type="image/jpeg"),
    ],
    ids=["csv", "html", "nothing", "document", "image"],
)
def test_what_meta_does_not_take_is_said_to_be_had_elsewhere(
    whatsapp: WhatsApp, meta: MetaStandIn, refused: ReplyFile
) -> None:
    send(whatsapp, Reply("Here.", attachments=(refused, file(b"%PDF-1.4 bill"))))
    (sent,) = meta.sent
    assert sent.message["type"] == "document"
    assert sent.text.startswith("Here.")
    assert "counter@shop.example" in sent.text
    assert meta.refused == []


def test_a_limit_between_file_and_message_is_waited_for(whatsapp: WhatsApp, meta: MetaStandIn) -> None:
    (part,) = whatsapp.parts(Reply("Your bill", attachments=(file(b"%PDF-1.4"),)), "en")
    for faults in ([131056], [503], [None, 130429]):
        meta.faults.extend(faults)  # type: ignore[arg-type]
        with pytest.raises(DeliveryError) as refused:
            whatsapp.send(PHONE, part, "r")
        assert refused.value.kind == "retry"
    assert whatsapp.send(PHONE, part, "r") == meta.sent[-1].id
    assert len(meta.sent) == 1


@given(data=st.binary(max_size=100), name=st.text(max_size=400), title=st.text(max_size=1500), text=st.text())
def test_whatever_a_file_is_called_meta_takes_it(data: bytes, name: str, title: str, text: str) -> None:
    sheet = file(data, name=name, title=title, mime_type=XLSX)
    assert (sheet.data, sheet.size) == (data, len(data))
    for part in parts(Reply(text, attachments=(sheet, sheet)), "hinglish", Phrasebook(), ELSEWHERE):
        kind = part["type"]
        told = dict(part[kind])
        sent = {**part, kind: {**told, "id": "1"} if told.pop("file", None) else told}
        assert complaint({"messaging_product": "whatsapp", "to": PHONE, **sent}, {"1"}) == ""


@pytest.mark.parametrize(
    ("fault", "kind", "code"),
    [
        (131047, "hold", "131047"), (190, "hold", "190"), (131042, "hold", "131042"), (10, "hold", "10"),
        (130429, "retry", "130429"), (131056, "retry", "131056"), (131000, "retry", "131000"), (4, "retry", "4"),
        (131026, "dead", "131026"), (131009, "dead", "131009"), (100_000, "dead", "100000"),
        (503, "retry", "503"), (500, "retry", "500"), (429, "retry", "429"), (401, "hold", "401"), (404, "dead", "404"),
        ("cut", "retry", "unreachable"),
    ],
)  # fmt: skip
def test_what_a_refusal_means(whatsapp: WhatsApp, meta: MetaStandIn, fault: Any, kind: str, code: str) -> None:
    meta.faults.append(fault)
    with pytest.raises(DeliveryError) as refused:
        send(whatsapp, Reply("hello"))
    assert (refused.value.kind, refused.value.code) == (kind, code)
    assert PHONE not in str(refused.value)
    assert "\n" not in refused.value.detail
    assert (refused.value.after or 0) >= (6 if fault == 131056 else 0)
    send(whatsapp, Reply("hello"))


APPROVED = {
    ("answer_ready", "en"): "You have an answer from {{1}}. Reply to read it.",
    ("plain", "hi"): "आपका उत्तर तैयार है।",
    ("long", "en"): "{{1}}" + "x" * 1000,
}


@pytest.mark.parametrize(
    ("template", "read"),
    [
        (Template("answer_ready", "en", ("Nand\n\tAuto      Parts 🛵",)), "Nand Auto Parts 🛵. Reply"),
        (Template("answer_ready", "en", ("दुकान ‏שלום",)), "दुकान ‏שלום. Reply"),
        (Template("plain", "hi"), "आपका उत्तर तैयार है।"),
    ],
)
def test_a_template_goes_out_as_meta_wants_it(
    whatsapp: WhatsApp, meta: MetaStandIn, template: Template, read: str
) -> None:
    meta.templates, meta.is_open = APPROVED, False
    whatsapp.send(PHONE, template_part(template), "r")
    assert read in meta.sent[0].text
    assert (meta.sent[0].ref, meta.refused) == ("r", [])
    with pytest.raises(DeliveryError) as refused:
        send(whatsapp, Reply("hello"))
    assert (refused.value.kind, refused.value.code) == ("hold", str(OUTSIDE_WINDOW))


@pytest.mark.parametrize(
    ("template", "code"),
    [
        (Template("answer_raedy", "en", ("Shop",)), 132001),
        (Template("answer_ready", "en_US", ("Shop",)), 132001),
        (Template("answer_ready", "en"), 132000),
        (Template("plain", "hi", ("Shop",)), 132000),
        (Template("long", "en", ("Shop" * 20,)), 132005),
        *((Template("plain", "hi"), code) for code in (132007, 132012, 132015, 132016)),
    ],
)
def test_a_template_that_meta_does_not_take_tells_the_owner_what_to_do(
    whatsapp: WhatsApp, meta: MetaStandIn, template: Template, code: int
) -> None:
    meta.templates = APPROVED
    meta.faults.append(code)
    with pytest.raises(DeliveryError) as refused:
        whatsapp.send(PHONE, template_part(template), "r")
    assert (refused.value.kind, refused.value.code) == ("dead", str(code))
    assert refused.value.detail == TEMPLATE_FAULTS[code]


@pytest.mark.parametrize(
    ("fault", "unsure"), [("cut", True), (503, True), (500, True), (131016, False), (429, False), (132001, False)]
)
def test_it_is_told_whether_a_message_may_have_been_taken(
    whatsapp: WhatsApp, meta: MetaStandIn, fault: Any, unsure: bool
) -> None:
    meta.faults.append(fault)
    with pytest.raises(DeliveryError) as refused:
        send(whatsapp, Reply("hello"))
    assert refused.value.unsure is unsure


def test_no_answer_in_time_is_tried_again(store: Store, meta: MetaStandIn) -> None:
    http = httpx.Client(base_url=meta.address, headers={"Authorization": "Bearer simulator"}, timeout=0.2)
    meta.faults.append("timeout")
    with pytest.raises(DeliveryError) as late:
        send(WhatsApp(http, meta.number, store, Phrasebook(), ELSEWHERE), Reply("hello"))
    assert (late.value.kind, late.value.code) == ("retry", "timeout")


def test_an_answer_that_says_nothing_counts_as_taken(whatsapp: WhatsApp, meta: MetaStandIn) -> None:
    meta.faults.append("nonsense")
    assert send(whatsapp, Reply("hello")) == [""]


def test_a_server_that_is_not_there_is_tried_again(store: Store, meta: MetaStandIn) -> None:
    values = {"whatsapp_token": "x", "whatsapp_phone_number_id": "1", "whatsapp_api": "http://127.0.0.1:9/v26.0"}
    whatsapp = open_channels(load_settings(**values), store, Phrasebook())["whatsapp"]
    with pytest.raises(DeliveryError) as refused:
        whatsapp.send(PHONE, {"type": "text", "text": {"body": "x"}}, "r")
    assert refused.value.kind == "retry"


def test_reading_and_typing_are_shown(whatsapp: WhatsApp, meta: MetaStandIn) -> None:
    started = time.monotonic()
    whatsapp.typing(PHONE, "wamid.A")
    assert (meta.read, meta.typing) == (["wamid.A"], ["wamid.A"])
    assert time.monotonic() - started < 60


@pytest.mark.parametrize(
    "values",
    [
        {"whatsapp_token": "x"},
        {"whatsapp_token": "x", "whatsapp_phone_number_id": "1", "whatsapp_api": "http://evil.example"},
    ],
)
def test_half_a_setup_is_told(store: Store, values: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="MUNSHI_WHATSAPP"):
        open_channels(load_settings(**values), store, Phrasebook())


def test_without_a_token_there_is_no_whatsapp(store: Store) -> None:
    assert open_channels(load_settings(), store, Phrasebook()) == {}


ANY_TEXT = st.text(max_size=6000)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(text=ANY_TEXT, labels=st.lists(st.tuples(st.text(min_size=1, max_size=60), st.text(max_size=300)), max_size=13))
def test_whatever_is_said_meta_takes_it(text: str, labels: list[tuple[str, str]]) -> None:
    buttons = tuple(Button(label, value) for label, value in labels)
    for part in parts(Reply(text, buttons), "hi", Phrasebook(), ELSEWHERE):
        assert complaint({"messaging_product": "whatsapp", "to": PHONE, **part}, ()) == ""
        assert isinstance(Sent("x", PHONE, part).text, str)
