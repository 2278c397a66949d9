from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from munshi.handlers.base import Action, HandlerError, Reply, SlotSpec
from munshi.handlers.registry import HandlerConfig, Services, create, names

OWN_CODE = """
class Booking:
    slots = ()
    def __init__(self, services, config):
        self.greeting = config.options["greeting"]
    def answer(self, turn):
        from munshi.handlers.base import Reply
        return Reply(self.greeting)

class Both(Booking):
    def summary(self, turn): ...
    def execute(self, turn, db): ...

class Alone:
    slots = ()
    def __init__(self): ...
    def answer(self, turn): ...

class Mute:
    slots = ()
    def __init__(self, services, config): ...

class Slotless:
    def __init__(self, services, config): ...
    def answer(self, turn): ...

not_a_class = 5
"""

ENTRY_POINTS = "[munshi.handlers]\nbook_a_demo = my_shop.booking:Booking\nfaq = my_shop.booking:Mute\n"


@pytest.fixture
def own_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package of a shop's own, installed as pip would leave it."""
    package, meta = tmp_path / "my_shop", tmp_path / "my_shop-1.0.dist-info"
    package.mkdir()
    meta.mkdir()
    (package / "__init__.py").touch()
    (package / "booking.py").write_text(OWN_CODE, encoding="utf-8")
    (package / "broken.py").write_text("import there_is_no_such_module", encoding="utf-8")
    (meta / "METADATA").write_text("Metadata-Version: 2.1\nName: my-shop\nVersion: 1.0\n", encoding="utf-8")
    (meta / "entry_points.txt").write_text(ENTRY_POINTS, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in [name for name in sys.modules if name.startswith("my_shop")]:
        monkeypatch.delitem(sys.modules, name)


NEEDED: Mapping[str, Mapping[str, Any]] = {
    "open_account": {"accounts": [{"value": "Savings", "label": {"en": "Savings"}, "papers": {"en": "PAN"}}]},
    "place_order": {"first_number": "NAS-90001"},
    "return_request": {"days": {"faulty": 10}},
}


def make(services: Services, name: str, **options: Any) -> Any:
    return create(name, services, HandlerConfig("it", (SlotSpec("note", "text"),), {**NEEDED.get(name, {}), **options}))


@pytest.mark.parametrize("name", names())
def test_every_handler_of_munshis_own_can_be_made(services: Services, name: str) -> None:
    handler = make(services, name)
    assert isinstance(handler, Action) != callable(getattr(handler, "answer", None))


def test_a_shops_own_handler_by_module_and_by_entry_point(own_code: None, services: Services, turn: Any) -> None:
    by_module = make(services, "my_shop.booking:Booking", greeting="Book now")
    assert by_module.answer(turn()) == Reply("Book now")
    assert "book_a_demo" in names()
    assert make(services, "book_a_demo", greeting="Hi").answer(turn()) == Reply("Hi")


def test_a_package_does_not_take_the_place_of_munshis_own(own_code: None, services: Services) -> None:
    assert type(make(services, "faq")).__module__ == "munshi.handlers.faq"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("", "no such handler"),
        ("fax", "no such handler; use one of .*faq"),
        ("my_shop.booking:", "no such handler"),
        (":Booking", "no such handler"),
        ("my_shop.nowhere:Booking", "No module named"),
        ("my_shop.broken:Booking", "there_is_no_such_module"),
        ("my_shop.booking:Bokking", "has no Bokking"),
        ("my_shop.booking:not_a_class", "is no class"),
        ("my_shop.booking:Alone", r"takes \(services, config\)"),
        ("my_shop.booking:Mute", "needs `slots`, and `answer`"),
        ("my_shop.booking:Slotless", "needs `slots`"),
        ("my_shop.booking:Both", "either answer or act"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(own_code: None, services: Services, name: str, told: str) -> None:
    with pytest.raises(HandlerError, match=told) as raised:
        make(services, name, greeting="x")
    assert str(raised.value).startswith(f"intent 'it', handler '{name}': ")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("small_talk", {"kind": "gossip"}),
        ("small_talk", {"buttons": "Prices"}),
        ("small_talk", {"buttons": [{"label": {"hi": "दाम"}}]}),
        ("small_talk", {"buttons": [7]}),
        ("stock_price", {"aspect": "colour"}),
        ("stock_price", {"aspect": ["price"]}),
        ("hours_location", {"aspect": None}),
        ("faq", {"topic": 5}),
        ("talk_to_person", {"reason": ["angry"]}),
        ("talk_to_person", {"note": 1}),
    ],
)
def test_an_option_that_is_wrong_is_told_with_its_intent(
    services: Services, name: str, options: Mapping[str, Any]
) -> None:
    with pytest.raises(HandlerError, match="intent 'it': options: ") as raised:
        make(services, name, **options)
    assert "\n" not in str(raised.value)


def test_a_form_with_nothing_to_ask_is_told(services: Services) -> None:
    with pytest.raises(HandlerError, match="nothing to ask for"):
        create("collect", services, HandlerConfig("quote"))
