from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.handlers.catalogue import Catalogue
from munshi.handlers.records import Records


@pytest.mark.parametrize(
    ("text", "skus"),
    [
        ("clutch plate for swift", {"CLU-1"}),
        ("price of swift clutch plate?", {"CLU-1"}),
        ("swift", {"BRK-1", "CLU-1", "CLU-4", "COL-1"}),
        ("swft cluch plate", {"CLU-1"}),
        ("alto 800 clutch", {"CLU-2"}),
        ("alto800 clutch", {"CLU-2"}),
        ("10 clutch plates for alto", {"CLU-2"}),
        ("wagonr brake pads", {"BRK-2"}),
        ("wagon r brake pads", {"BRK-2"}),
        ("wagnor brake pads", {"BRK-2"}),
        ("pulsar 150 brake pad", {"BRK-3"}),
        ("splender ka brake shoe kitne ka", {"BRK-4"}),
        ("gaadi ka kapda", {"CLO-1"}),
        ("brake fluid for swift", {"FLU-1"}),
        ("coolant for swift", {"COL-1"}),
        ("brk-1", {"BRK-1"}),
        ("brk1 price", {"BRK-1"}),
        ("brake pad for swift and creta", {"BRK-1", "BRK-5"}),
        ("स्विफ्ट CLU-1", {"CLU-1"}),
    ],
)
def test_the_words_of_a_message_find_the_product(records: Records, text: str, skus: set[str]) -> None:
    assert set(records.search_products(text).skus) == skus


def test_many_that_match_are_all_found_closest_first(records: Records) -> None:
    found = records.search_products("brake pads")
    assert set(found.skus) == {"BRK-1", "BRK-2", "BRK-3", "BRK-5", "BRK-6", "BRK-7"}
    assert records.search_products("front brake pad set maruti swift").skus[0] == "BRK-1"


@pytest.mark.parametrize(
    ("text", "vehicle"),
    [
        ("brake pad for splendor", "splendor"),
        ("brake pad for mini", "mini"),
        ("clutch plate for nano", "nano"),
        ("thar brake pad", "thar"),
        ("xuv700 brake pads", "xuv700"),
        ("mahindra thar brake pad", "mahindra thar"),
        ("tesla model 3 brake pads", "tesla model"),
        ("pulsar 220 brake pad", "pulsar 220"),
        ("swift 2010 clutch plate", "swift 2010"),
        ("swift diesel clutch plate", "swift diesel"),
        ("maruti ciaz clutch plate", "ciaz"),
    ],
)
def test_a_vehicle_that_nothing_is_listed_for_gets_no_other_vehicles_part(
    records: Records, text: str, vehicle: str
) -> None:
    found = records.search_products(text)
    assert found.skus == ()
    assert found.vehicle == vehicle
    assert found.goods


@pytest.mark.parametrize("text", ["flux capacitor", "helmet", "silencer for swift", "resale value of my 2015 swift"])
def test_goods_that_are_not_in_the_list_are_named(records: Records, text: str) -> None:
    found = records.search_products(text)
    assert (found.skus, found.vehicle) == ((), "")
    assert found.goods


@pytest.mark.parametrize(
    "text", ["you sent a wrong brake pad yesterday evening without asking", "aapne galat saamaan bhej diya"]
)
def test_a_story_is_no_question_about_goods(records: Records, text: str) -> None:
    found = records.search_products(text)
    assert (found.skus, found.unread) == ((), True)


@pytest.mark.parametrize("text", ["", "?", "price?", "kitne ka hai bhai", "12", "🙏", "क्या कीमत है"])
def test_a_message_may_ask_for_nothing(records: Records, text: str) -> None:
    found = records.search_products(text)
    assert (found.skus, found.goods, found.vehicle) == ((), "", "")


def test_what_is_known_to_be_named_counts(records: Records) -> None:
    assert records.search_products("price?", named={"BRK-1": "swift brake pad"}).skus == ("BRK-1",)
    assert records.search_products("एक्स वाई", named={"BRK-1": "एक्स वाई"}).skus == ("BRK-1",)
    both = records.search_products(
        "swift brake pad and i10 clutch", named={"BRK-1": "swift brake pad", "CLU-3": "i10 clutch"}
    )
    assert set(both.skus) == {"BRK-1", "CLU-3"}


@pytest.mark.parametrize(
    ("text", "sku"), [("brake fluid price", "FLU-1"), ("and for nexon?", "BRK-6"), ("alto clutch plate", "CLU-2")]
)
def test_the_messages_own_words_outweigh_what_was_named_before(records: Records, text: str, sku: str) -> None:
    assert "BRK-1" not in records.search_products(text, named={"BRK-1": "swift brake pad"}).skus


def test_an_unknown_sku_names_nothing(records: Records) -> None:
    assert records.search_products("brake shoe splendor", named={"GONE-1": "x"}).skus == ("BRK-4",)


def test_questions_and_aliases_are_prepared_alike(records: Records) -> None:
    catalogue = Catalogue(records.products(), prepare=lambda text: text.replace("kapda", "cloth").replace("ki", "of"))
    assert catalogue.find("kapda", named={}).skus == ("CLO-1",)


def test_a_word_of_its_own_is_a_slip_of_another_only_where_its_neighbour_says_so(records: Records) -> None:
    assert Catalogue(records.products()).find("crutch", named={}).skus
    catalogue = Catalogue(records.products(), is_word={"crutch"}.__contains__)
    assert (catalogue.find("crutch", named={}).skus, catalogue.find("crutch", named={}).goods) == ((), "crutch")
    assert catalogue.find("crutch plate for swift", named={}).skus == ("CLU-1",)


@pytest.mark.parametrize(
    ("text", "skus", "goods"),
    [
        ("clutch knob price", (), "clutch knob"),  # the catalogue knows clutches, and no knobs
        ("seat coolant for swift", (), "seat coolant"),
        ("black coolant", ("COL-1",), "coolant"),
        ("coolant 1 litre", ("COL-1",), "coolant"),
        ("car coolant", ("COL-1",), "coolant"),
        ("knob for clutch", None, "clutch"),  # not one name: as before
    ],
)
def test_a_thing_of_whose_name_one_word_is_known_is_another_thing(
    records: Records, text: str, skus: tuple[str, ...] | None, goods: str
) -> None:
    catalogue = Catalogue(records.products(), is_word={"knob", "seat", "black", "litre", "car"}.__contains__)
    found = catalogue.find(text, named={})
    assert found.goods == goods
    assert skus is None or found.skus == skus


def test_an_empty_list_finds_nothing() -> None:
    found = Catalogue(()).find("brake pads", named={"BRK-1": "brake pads"})
    assert (found.skus, found.goods) == ((), "")


@pytest.mark.parametrize(
    ("text", "like"),
    [
        ("brake " * 20_000, "brake"),
        ("x" * 100_000, "xyzzy"),
        ("١٢٣ \u202eswift\u202c \ud800", "swift"),
        ("'; DROP TABLE products", "drop table"),
    ],
)
def test_hostile_text_is_only_text(records: Records, text: str, like: str) -> None:
    before = records.products()
    assert records.search_products(text).skus == records.search_products(like).skus
    assert records.products() == before


@given(text=st.text(alphabet=st.sampled_from("brake pd swift alo150-2017 क्ल"), max_size=60))
def test_whatever_is_found_is_for_sale(records: Records, text: str) -> None:
    found = records.search_products(text)
    assert len(records.products(found.skus)) == len(found.skus)
    assert not (found.skus and found.vehicle)
