"""A customer orders in the chat: the real assistant and the demonstration shop, on both databases."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select

from munshi.bot.app import App, open_app
from munshi.bot.response import Response
from munshi.bot.settings import Settings
from munshi.handlers.placed_orders import all_placed, placed_orders

DEMO = Path(__file__).parents[2] / "munshi" / "bot" / "businesses" / "auto-parts"
PERSON = ("Asha", "90000 00101")
PICKED_UP = ("order 2 swift brake pad please book it", "I'll pick it up", *PERSON)

Say = Callable[..., Response]


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    return Path(shutil.copytree(DEMO, tmp_path / "auto-parts"))


@pytest.fixture
def app(engine: Engine, pack: Path, tmp_path: Path) -> Iterator[App]:
    url = engine.url.render_as_string(hide_password=False)
    settings = Settings(home=tmp_path / "home", business=str(pack), database_url=url, encoder="none")
    with open_app(settings) as app:
        yield app


@pytest.fixture
def say(app: App) -> Say:
    def respond(*texts: str, chat: str = "chat-1") -> Response:
        return [app.respond(text, session_id=chat) for text in texts][-1]

    return respond


def reprice(app: App, pack: Path, **changes: str) -> None:
    """Write the price and stock of the Swift's front brake pads anew, as the owner's software would."""
    path = pack / "records" / "products.csv"
    rows = path.read_text(encoding="utf-8").splitlines()
    at = next(number for number, row in enumerate(rows) if row.startswith("BRK-201,"))
    cells = rows[at].split(",")
    cells[4], cells[5] = changes.get("price", cells[4]), changes.get("stock", cells[5])
    rows[at] = ",".join(cells)
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    app.take_up_records()


def free(app: App) -> int:
    with app.store.reading() as db:
        from munshi.handlers.tables import products

        row = db.execute(select(products.c.stock, products.c.held).where(products.c.sku == "BRK-201")).one()
    return int(row.stock - row.held)


@pytest.mark.parametrize(
    ("texts", "yes"),
    [
        (PICKED_UP, "yes"),
        (("2 swift ka aage ka brek pad chahiye order kardo", "dukaan se lunga", *PERSON), "haan"),
        (("स्विफ्ट के आगे के 2 ब्रेक पैड ऑर्डर करने हैं", "दुकान से लूँगा", *PERSON), "हाँ"),
    ],
)
def test_an_order_is_placed_once_in_every_language(app: App, say: Say, texts: tuple[str, ...], yes: str) -> None:
    before = free(app)
    read_back = say(*texts)
    assert "BRK-201" in read_back.reply.text
    assert "₹3,700" in read_back.reply.text
    assert free(app) == before  # nothing is held before the yes
    done = say(yes)
    assert "NAS-90001" in done.reply.text
    assert say(yes).reply.text == done.reply.text  # said twice, done once
    assert free(app) == before - 2
    assert "NAS-90001" in say("status of order NAS-90001", chat="another").reply.text


def test_a_delivery_is_told_with_area_charge_and_days(say: Say) -> None:
    reply = say("order 1 swift brake pad please book it", "400601", "12 Gokhale Road", *PERSON).reply
    for told in ("Mumbai and Thane", "₹120", "1 to 2 working days", "₹1,970"):
        assert told in reply.text


def test_a_price_that_changes_before_the_yes_is_shown_and_confirmed_anew(app: App, say: Say, pack: Path) -> None:
    say(*PICKED_UP)
    reprice(app, pack, price="1990.00")
    again = say("yes")
    assert "₹3,980" in again.reply.text
    assert "NAS-90001" not in again.reply.text
    assert "₹3,980" in say("yes").reply.text


def test_stock_that_goes_before_the_yes_is_told(app: App, say: Say, pack: Path) -> None:
    say(*PICKED_UP)
    reprice(app, pack, stock="1")
    assert "NAS-90001" not in say("yes").reply.text
    assert free(app) == 1
    done = say("1", "yes")
    assert "NAS-90001" in done.reply.text
    assert free(app) == 0


def test_chats_that_want_the_same_last_pieces_never_get_more_than_there_are(app: App, say: Say, pack: Path) -> None:
    reprice(app, pack, stock="3")
    for chat in range(6):
        say(*PICKED_UP, chat=f"chat-{chat}")
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda chat: say("yes", chat=f"chat-{chat}"), range(6)))
    with app.store.reading() as db:
        assert len(all_placed(db, app.business.key)) == 1
    assert free(app) == 1


def test_nothing_is_ordered_without_a_yes_to_what_was_shown(app: App, say: Say) -> None:
    say(*PICKED_UP, "no")
    say(*PICKED_UP, "3", chat="chat-2")
    say("cancel", chat="chat-2")
    with app.store.reading() as db:
        assert db.execute(select(func.count()).select_from(placed_orders)).scalar_one() == 0
