from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.bot.amounts import find_measures
from munshi.knowledge.normalise import clean
from munshi.knowledge.tokens import tokenise


def measures(text: str, kind: str, *, hindi: bool = True) -> list[str]:
    return [span.value for span in find_measures(tokenise(clean(text).text), hindi=hindi) if span.kind == kind]


@pytest.mark.parametrize(
    ("written", "rupees"),
    [
        ("₹5,000", "5000"),
        ("₹ 5,000/-", "5000"),
        ("₹५,०००", "5000"),
        ("Rs. 2000/-", "2000"),
        ("Rs.2000", "2000"),
        ("Rs2000", "2000"),
        ("rs 2000", "2000"),
        ("RS: 2000", "2000"),
        ("Rs-500", "500"),
        ("Rs.-500/-", "500"),
        ("₨ 750", "750"),
        ("INR 5000", "5000"),
        ("INR5000", "5000"),
        ("5000 INR", "5000"),
        ("2000 rupees", "2000"),
        ("2000 rupaye", "2000"),
        ("2000rs", "2000"),
        ("2000 /-", "2000"),
        ("5000₹", "5000"),
        ("₹5,000.50", "5000.5"),
        ("Rs 1,00,000.00", "100000"),
        ("rs 1,234,567", "1234567"),
        ("5 lakh", "500000"),
        ("5 lakhs", "500000"),
        ("5lakh", "500000"),
        ("5 lac", "500000"),
        ("1.5 cr", "15000000"),
        ("1.5cr", "15000000"),
        ("2 crore", "20000000"),
        ("1 crore 20 lakh", "12000000"),
        ("5k", "5000"),
        ("5K", "5000"),
        ("2.5L", "250000"),
        ("Rs 2.5l", "250000"),
        ("Rs 5 K", "5000"),
        ("Rs. 2 L", "200000"),
        ("₹5 lakh", "500000"),
        ("Rs 1.5 cr", "15000000"),
        ("INR 2.5 lakhs", "250000"),
        ("5 lakh rupees", "500000"),
        ("rs 500 k liye", "500"),
        ("1,50,000/-", "150000"),
        ("10 thousand", "10000"),
        ("2 thousand 500 rupees", "2500"),
        ("five thousand rupees", "5000"),
        ("five hundred and fifty rupees", "550"),
        ("twenty five thousand", "25000"),
        ("twenty-five thousand", "25000"),
        ("one lakh fifty thousand", "150000"),
        ("a lakh rupees", "100000"),
        ("paanch hazaar", "5000"),
        ("panch hajar rupay", "5000"),
        ("do sau rupaye", "200"),
        ("sau rupaye", "100"),
        ("ek hazaar do sau pachaas rupaye", "1250"),
        ("dhai lakh", "250000"),
        ("dedh lakh rupaye", "150000"),
        ("sawa lakh", "125000"),
        ("sadhe teen hazaar", "3500"),
        ("paune do lakh", "175000"),
        ("panch-sau rupaye", "500"),
        ("५००० रुपये", "5000"),
        ("रु. ५००", "500"),
        ("पाँच हज़ार रुपये", "5000"),
        ("साढ़े तीन सौ रुपये", "350"),
        ("दो लाख पचास हज़ार", "250000"),
        ("डेढ़ लाख", "150000"),
        ("ｒｓ ５００", "500"),
        ("Rs\u200b500", "500"),
    ],
)
def test_amounts(written: str, rupees: str) -> None:
    assert measures(written, "amount") == [rupees]
    assert measures(f"{written} bhejna hai", "amount") == [rupees]


@pytest.mark.parametrize(
    "text",
    [
        "5000",
        "NAS-10234",
        "R15 tyre",
        "205/55 R16",
        "20W50",
        "i20",
        "engine oil 5L",
        "5L coolant",
        "3.5 l",
        "1.5 lakh km chali hai",
        "50k km",
        "5 lakh people",
        "10 sets",
        "18%",
        "-5000 rupees",
        "pin 400703",
        "2k26",
        "kuch sau rupaye",
        "pnch sau rupaye",
        "rs",
        "lakh",
        "9876543210123456789 rupees",
        "72x45",
        "10,20,30",
    ],
)
def test_no_amount_is_read_into_other_numbers(text: str) -> None:
    assert measures(text, "amount") == []


def test_a_spaced_k_is_a_thousand_in_english_alone() -> None:
    assert measures("pay rs 5 k now", "amount", hindi=False) == ["5000"]
    assert measures("pay rs 5 k andar", "amount", hindi=True) == ["5"]


def test_several_amounts_each_have_their_own_currency() -> None:
    assert measures("500 rs, 600 rs aur rs 700", "amount") == ["500", "600", "700"]
    assert measures("between 5k and 1.2 lakh", "amount", hindi=False) == ["5000", "120000"]


def test_a_number_behind_is_not_drawn_in() -> None:
    assert measures("5 lakh 20 march", "amount") == ["500000"]
    assert measures("paanch hazaar teen din me", "amount") == ["5000"]


def test_english_words_are_no_hindi_numbers_in_an_english_sentence() -> None:
    assert measures("do rupees work", "amount", hindi=False) == []
    assert measures("how do sets fit", "quantity", hindi=False) == []


@pytest.mark.parametrize(
    ("written", "count"),
    [
        ("4 pcs", "4"),
        ("4pcs", "4"),
        ("10 nos", "10"),
        ("2 sets", "2"),
        ("ek set", "1"),
        ("do dozen", "24"),
        ("half dozen", "6"),
        ("teen darjan", "36"),
        ("दो दर्जन", "24"),
        ("५ पीस", "5"),
        ("qty 5", "5"),
        ("quantity: 5", "5"),
        ("x2", "2"),
        ("2x", "2"),
        ("x 2", "2"),
        ("50 chahiye", "50"),
        ("1,000 pieces", "1000"),
    ],
)
def test_quantities(written: str, count: str) -> None:
    assert measures(written, "quantity") == [count]


@pytest.mark.parametrize(
    "text", ["72x45", "4 x 6 bed", "2.5 pcs", "0 pcs", "-3 pcs", "99999999 pcs", "R15 set", "5 km"]
)
def test_no_quantity_is_read_into_other_numbers(text: str) -> None:
    assert measures(text, "quantity") == []


@pytest.mark.parametrize(
    ("written", "value"), [("18%", "18"), ("18 %", "18"), ("2.5 percent", "2.5"), ("२० प्रतिशत", "20"), ("10 pct", "10")]
)
def test_percentages(written: str, value: str) -> None:
    assert measures(written, "percent") == [value]


@given(st.decimals(min_value=1, max_value=10**9, places=2))
def test_every_amount_is_read_as_it_is_written(value: Decimal) -> None:
    assert [Decimal(found) for found in measures(f"Rs. {value:,} only", "amount")] == [value]


@given(st.integers(min_value=1, max_value=99_99_999))
def test_indian_grouping(value: int) -> None:
    head, tail = divmod(value, 1000)
    grouped = f"{head // 100},{head % 100:02d},{tail:03d}" if head >= 100 else f"{value:,}"
    assert measures(f"₹{grouped}", "amount") == [str(value)]


@given(st.text(alphabet="0123456789,.-/ kKLlx₹%rsRS lakhdo"))
def test_it_takes_anything(text: str) -> None:
    for span in find_measures(tokenise(clean(text).text), hindi=True):
        assert Decimal(span.value) >= 0
        assert "E" not in span.value
