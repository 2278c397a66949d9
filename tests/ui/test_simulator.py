"""A shop on WhatsApp from end to end: a simulated phone, a stand-in for Meta, real HTTP both ways."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import text

from munshi.bot.app import App, open_app
from munshi.bot.business import find_business
from munshi.bot.erasure import open_privacy
from munshi.bot.inbox import Inbox
from munshi.bot.settings import load_settings
from munshi.handlers.customers import new_login_token
from munshi.ui.cli_whatsapp import served
from munshi.ui.meta_stand_in import MetaStandIn
from munshi.ui.simulated_phone import Owner, Phone
from munshi.ui.simulator import CommandError, Simulator
from tests.pictures import picture

SECRET = "app-secret"


@dataclass
class Table:
    """A customer's phone on the table, with all that hangs on it."""

    app: App
    meta: MetaStandIn
    phone: Phone
    it: Simulator
    shown: list[str] = field(default_factory=list)

    def until(self, holds: Callable[[], Any], seconds: float = 30) -> None:
        ends = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < ends, (self.shown, self.meta.refused)
            time.sleep(0.02)

    def replies(self, count: int) -> list[str]:
        self.until(lambda: len(self.shown) >= count)
        return self.shown

    def statuses(self) -> list[str]:
        with self.app.store.reading() as db:
            return list(db.execute(text("SELECT status FROM outbox WHERE part IS NOT NULL ORDER BY id")).scalars())

    def session(self) -> str:
        with self.app.store.reading() as db:
            return str(db.execute(text("SELECT session_id FROM sessions")).scalar_one())

    def counts(self, table: str, where: str = "1 = 1") -> int:
        with self.app.store.reading() as db:
            return int(db.execute(text(f"SELECT count(*) FROM {table} WHERE {where}")).scalar() or 0)  # noqa: S608


@pytest.fixture
def table(tmp_path: Path) -> Iterator[Table]:
    with laid(tmp_path, "auto-parts") as table:
        yield table


@contextmanager
def laid(home: Path, business: str) -> Iterator[Table]:
    with MetaStandIn() as meta:
        settings = load_settings(
            home=home, business=business, encoder="none", whatsapp_token=meta.token,
            whatsapp_phone_number_id=meta.number, whatsapp_api=meta.address, whatsapp_app_secret=SECRET,
        )  # fmt: skip
        with open_app(settings) as app, served(app) as url:
            shown: list[str] = []
            phone = Phone(url, SECRET, meta)
            simulator = Simulator(phone, meta, shown.append)
            simulator.start()
            yield Table(app, meta, phone, simulator, shown)
            simulator.stop()


def test_a_customer_is_answered_and_the_shop_learns_that_they_read_it(table: Table) -> None:
    table.it.do("where is my order")
    table.replies(1)
    table.it.do("NAS-20433")
    assert "NAS-20433" in table.replies(2)[1]
    table.until(lambda: table.statuses() == ["read", "read"])
    assert len(set(table.meta.read)) == 2


def test_what_meta_brings_twice_is_answered_once(table: Table) -> None:
    table.phone.twice = True
    table.it.do("do you deliver to pune")
    table.replies(1)
    table.it.do("/again")
    table.phone.twice = False
    table.it.do("thanks")
    table.replies(2)
    assert table.counts("inbox") == 2
    assert table.counts("transcript", "role = 'bot'") == 2


def test_statuses_in_any_order_end_at_the_last(table: Table) -> None:
    table.it.disorder = True
    for words in ("hello", "thanks", "what time do you open", "bye"):
        table.it.do(words)
    table.until(lambda: table.statuses() == ["read"] * 4)


def test_a_limit_is_waited_for_and_nothing_is_lost_or_changes_place(table: Table) -> None:
    table.it.do("/fail 503 1")
    table.it.do("/fail 131056 1")
    table.it.do("/fail cut 1")
    table.it.do("hello")
    table.replies(1)
    assert not table.meta.faults
    assert table.counts("transcript", "role = 'bot'") == 1


def test_outside_the_24_hours_a_reply_waits_until_the_customer_writes(table: Table) -> None:
    table.it.statuses = False
    table.it.do("hello")
    table.replies(1)
    table.until(lambda: table.statuses() == ["sent"])
    table.it.do("/failed 131047")
    table.until(lambda: table.counts("outbox", "status = 'held'") == 1)
    table.it.do("are you there")
    table.replies(3)
    assert table.shown[1] == table.shown[0]


def test_after_24_hours_a_template_goes_out_and_the_answer_once_the_customer_writes(tmp_path: Path) -> None:
    pack = tmp_path / "shop"
    shutil.copytree(find_business("auto-parts"), pack)
    with (pack / "business.yaml").open("a", encoding="utf-8") as file:
        file.write("\nwhatsapp:\n  template: {name: answer_ready, language: en, shop_name: true}\n")
    with laid(tmp_path / "home", str(pack)) as table:
        table.meta.templates["answer_ready", "en"] = "You have an answer from {{1}}."
        table.it.do("i want to talk to a person")
        table.replies(1)
        table.it.do("/close")
        Inbox(table.app.store, table.app.outbox).reply("1", "Asha", "Your clutch plate is here")
        name = table.app.business.profile.name
        table.until(lambda: table.shown[2:] == [f"You have an answer from {name}."])
        Inbox(table.app.store, table.app.outbox).reply("1", "Asha", "We close at eight")
        table.until(lambda: table.counts("outbox", "status = 'read'") == 2)
        table.it.do("show me")
        assert table.replies(5)[3:] == ["Your clutch plate is here", "We close at eight"]


def test_the_simulator_shows_what_comes_too_late(table: Table) -> None:
    table.it.do("/close")
    table.it.do("what time do you open on monday")
    table.until(lambda: table.counts("outbox", "status = 'held'") == 1)
    table.it.do("thanks")
    assert "Monday" in table.replies(3)[1]


def test_a_yes_from_who_has_not_been_sent_the_summary_confirms_nothing(table: Table) -> None:
    for number, words in enumerate(("please ring me back", "Asha", "9820012345"), start=1):
        table.it.do(words)
        table.replies(number)
    table.it.do("/fail 131047")
    table.it.do("evening")
    table.until(lambda: table.counts("outbox", "status = 'held'") == 1)
    table.it.do("yes")
    table.replies(5)
    assert table.counts("tickets") == 0
    assert table.shown[4] in table.shown[3] or table.shown[3] in table.shown[4]  # it is read back once more
    table.it.do("yes")
    table.until(lambda: table.counts("tickets") == 1)


def test_a_button_and_a_row_are_pressed_by_what_they_stand_for(table: Table) -> None:
    table.it.do("how do i tune a radio telescope")
    (shown,) = table.replies(1)
    assert "[/1]" in shown
    table.it.do("/1")
    table.replies(2)
    assert table.counts("tickets") == 1
    with pytest.raises(CommandError):
        table.it.do("/9")


@pytest.mark.parametrize("command", ["/location", "/contact", "/sticker", "/odd"])
def test_what_is_no_words_is_answered(table: Table, command: str) -> None:
    table.it.do(command)
    assert table.replies(1)[0]


def test_a_photo_is_kept_for_the_person_who_takes_the_chat(table: Table, tmp_path: Path) -> None:
    photo = tmp_path / "broken.jpg"
    photo.write_bytes(picture())
    table.it.do(f"/file {photo}")
    table.replies(1)
    assert "return" in table.shown[0]
    table.it.do("/1")  # the form for it
    table.replies(2)
    table.it.do("talk to a person")
    table.replies(3)
    box = Inbox(table.app.store)
    (ticket,) = box.tickets()
    assert [file.content for file in box.files(ticket.reference)] == [photo.read_bytes()]
    assert "[image" in box.show(ticket.reference)[1][0].text


def test_a_reaction_and_a_new_device_are_noted_in_silence(table: Table) -> None:
    table.it.do("hello")
    table.replies(1)
    for command in ("/react 👍", "/react", "/identity"):
        table.it.do(command)
    table.until(lambda: table.counts("inbox", "done_at IS NULL") == 0)
    assert len(table.shown) == 1
    assert table.counts("inbox") == 4


@pytest.mark.parametrize("change", ["/identity", "/number 919000000077"])
def test_after_a_change_of_hands_money_asks_again_who_it_is(tmp_path: Path, change: str) -> None:
    with laid(tmp_path, "dummy-bank") as table:
        business = table.app.business.key
        with table.app.store.transaction() as db:
            someone = db.execute(text("SELECT min(customer_id) FROM accounts WHERE status = 'active'")).scalar_one()
            token = new_login_token(db, business, someone, expires_at=datetime.now(UTC) + timedelta(hours=1))
        table.it.do(token)
        table.replies(1)
        table.it.do("what is my balance")
        assert "₹" in table.replies(2)[1]
        table.it.do(change)
        table.it.do("what is my balance")
        assert "₹" not in table.replies(3)[2]
        assert token not in " ".join(line.text for line in table.app.transcript(table.session()))


def test_the_chat_goes_on_under_a_new_number_and_a_stranger_has_their_own(table: Table) -> None:
    table.it.do("where is my order")
    table.replies(1)
    table.it.do("/number 919000000002")
    table.it.do("NAS-20433")
    assert "NAS-20433" in table.replies(2)[1]
    assert table.meta.sent[-1].message["to"] == "919000000002"
    table.it.do("/other")
    table.it.do("NAS-20433")
    table.replies(3)
    table.phone.owner = Owner("", "IN.77")
    table.it.do("hello")
    table.replies(4)
    assert "to" not in table.meta.sent[-1].message
    assert table.counts("sessions") == 3


def test_messages_that_arrive_late_are_answered_too(table: Table) -> None:
    table.it.do("/late")
    table.it.do("hello")
    table.it.do("thanks")
    assert len(table.replies(2)) == 2


@pytest.mark.parametrize("line", ["/nothing", "/fail", "/fail x", "/file /no/such/file", "/location here", "/forge"])
def test_a_command_that_cannot_be_followed_is_told(table: Table, line: str) -> None:
    with pytest.raises(CommandError):
        table.it.do(line)


def test_a_table_reaches_the_phone_as_a_file_after_what_is_said_of_it(tmp_path: Path) -> None:
    with laid(tmp_path, "dummy-bank") as table:
        table.meta.faults.extend([None, 503, None, 131056])  # the text, the file, the file again, its message
        table.it.do("EMI of a personal loan of 3 lakh for 3 years")
        said, file = table.replies(2)
        assert "[/1]" in said
        assert re.fullmatch(r"\[document: repayment-table\.xlsx, \d+ KB\]\nRepayment table", file)
        table.until(lambda: table.statuses() == ["read", "read"])
        assert len(table.meta.sent) == 2
        taken = table.meta.sent[1].file
        assert taken is not None
        assert load_workbook(BytesIO(taken.content)).worksheets[0].max_row == 37


def test_a_file_that_waits_is_sealed_and_goes_with_its_customer(tmp_path: Path) -> None:
    with laid(tmp_path, "dummy-bank") as table:
        table.meta.faults.extend([None, 131047])
        table.it.do("EMI of a personal loan of 3 lakh for 3 years")
        table.until(lambda: table.counts("outbox", "status = 'held'") == 1)
        assert table.counts("outbox", "part LIKE '%repayment-table%'") == 0
        with open_privacy(table.app.settings) as privacy:
            privacy.erase(Owner().phone)
        table.it.do("hello")
        table.replies(2)
        assert "document" not in [sent.message["type"] for sent in table.meta.sent]


def test_the_command_tries_it_all_and_leaves_nothing_behind(tmp_path: Path) -> None:
    environment = {**os.environ, "MUNSHI_HOME": str(tmp_path), "MUNSHI_ENCODER": "none"}
    done = subprocess.run(
        [sys.executable, "-m", "munshi", "whatsapp", "simulate", "--twice", "--disorder"],
        input="/help\nwhat time do you open on monday\n/forge\n/quit\n",
        env=environment, capture_output=True, text=True, timeout=300, check=True,
    )  # fmt: skip
    assert "Monday" in done.stdout
    assert "403" in done.stdout
    assert not list(tmp_path.rglob("munshi.sqlite3"))
