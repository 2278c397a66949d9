from __future__ import annotations

from datetime import datetime

import pytest

from munshi.bot.preprocess import Preprocessor


def skus(understand: Preprocessor, text: str, now: datetime) -> list[str]:
    return [entity.value for entity in understand(text, now=now).entities if entity.kind == "product"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("clutch plate for swift", ["CLU-101"]),
        ("swift clutch plates", ["CLU-101"]),
        ("price of the clucth plat for swfit", ["CLU-101"]),
        ("alto ka clutch plate kitne ka", ["CLU-102"]),
        ("स्विफ्ट की क्लच प्लेट", ["CLU-101"]),
        ("swift ki clutch plate", ["CLU-101"]),
        ("creta disc pad", ["BRK-202"]),
        ("brakepads for creta", ["BRK-202"]),
        ("wagon r air filter", ["FLT-301"]),
        ("hawa filter wagonr", ["FLT-301"]),
        ("engin oil", ["OIL-401"]),
        ("20w50 oil", ["OIL-401"]),
        ("exide ki battery", ["BAT-501"]),
        ("बैटरी", ["BAT-501"]),
        ("CLU-101", ["CLU-101"]),
        ("clu101 hai kya", ["CLU-101"]),
        ("clu 101", ["CLU-101"]),
        ("clutch plate", ["CLU-101", "CLU-102"]),
        ("brake pad kitne ka hai", ["BRK-201", "BRK-202"]),
        ("10 sets swift brake pad", ["BRK-201"]),
        ("5L engine oil", ["OIL-401"]),
        ("brake pad of the creta 4 nos", ["BRK-202"]),
        ("swift clutch plate and creta brake pad", ["CLU-101", "BRK-202"]),
    ],
)
def test_products_by_their_names(understand: Preprocessor, now: datetime, text: str, expected: list[str]) -> None:
    assert skus(understand, text, now) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "front set",
        "mera order kab aayega",
        "where are you",
        "honda city",
        "maruti",
        "CLU-999",
        "101",
        "35",
        "xyz",
    ],
)
def test_what_names_no_product(understand: Preprocessor, now: datetime, text: str) -> None:
    assert skus(understand, text, now) == []


def test_products_that_fit_equally_well_are_in_doubt(understand: Preprocessor, now: datetime) -> None:
    heard = understand("need a brake pad", now=now)
    first, second = (entity for entity in heard.entities if entity.kind == "product")
    assert (first.start, first.end, first.text) == (second.start, second.end, "brake pad")
    assert [doubt.values for doubt in heard.ambiguities] == [("BRK-201", "BRK-202")]
    assert [doubt.text for doubt in heard.ambiguities] == ["brake pad"]


def test_words_of_another_entity_are_no_part_of_a_name(understand: Preprocessor, now: datetime) -> None:
    heard = understand("clutch plate swift 2 sets", now=now)
    assert [(entity.kind, entity.text) for entity in heard.entities] == [
        ("product", "clutch plate swift"),
        ("quantity", "2 sets"),
    ]


def test_a_count_before_a_product(understand: Preprocessor, now: datetime) -> None:
    for text, count in (("send 5 creta brake pads", "5"), ("20 creta brake pads", "20")):
        heard = understand(text, now=now)
        assert [(entity.kind, entity.value) for entity in heard.entities] == [
            ("quantity", count),
            ("product", "BRK-202"),
        ]
