from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.bot.dates import DateReading, find_dates
from munshi.bot.language import language_of
from munshi.knowledge.normalise import clean
from munshi.knowledge.tokens import tokenise

SATURDAY = date(2026, 11, 21)
MONDAY = date(2026, 11, 23)


def read(text: str, today: date) -> list[DateReading]:
    tokens = tokenise(clean(text).text)
    return find_dates(clean(text).text, tokens, today, hindi=language_of(tokens) not in ("en", None))


def days(text: str, today: date = SATURDAY) -> list[str]:
    return [reading.span.value for reading in read(text, today)]


def others(text: str, today: date = SATURDAY) -> list[date | None]:
    return [reading.other for reading in read(text, today)]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("aaj", "2026-11-21"),
        ("आज", "2026-11-21"),
        ("today", "2026-11-21"),
        ("tomorrow", "2026-11-22"),
        ("tmrw please", "2026-11-22"),
        ("yesterday", "2026-11-20"),
        ("day after tomorrow", "2026-11-23"),
        ("day before yesterday", "2026-11-19"),
        ("kal aayega kya", "2026-11-22"),
        ("kal order kiya tha", "2026-11-20"),
        ("kal mangaya tha, kab aayega", "2026-11-20"),
        ("कल आएगा", "2026-11-22"),
        ("कल भेजा था", "2026-11-20"),
        ("parso milega", "2026-11-23"),
        ("parso bheja tha", "2026-11-19"),
        ("monday", "2026-11-23"),
        ("saturday", "2026-11-28"),
        ("this saturday", "2026-11-21"),
        ("next monday", "2026-11-23"),
        ("next saturday", "2026-11-28"),
        ("last monday", "2026-11-16"),
        ("monday ko order kiya tha", "2026-11-16"),
        ("somvar ko", "2026-11-23"),
        ("itwar ko khula hai", "2026-11-22"),
        ("अगले सोमवार", "2026-11-23"),
        ("on sun", "2026-11-22"),
        ("5 Nov", "2026-11-05"),
        ("5th nov", "2026-11-05"),
        ("5th of November", "2026-11-05"),
        ("Nov 5", "2026-11-05"),
        ("5 nov 2027", "2027-11-05"),
        ("November 5th, 2027", "2027-11-05"),
        ("5 नवंबर", "2026-11-05"),
        ("15 december tak chahiye", "2026-12-15"),
        ("12 march ko order kiya tha", "2026-03-12"),
        ("2 january", "2027-01-02"),
        ("05/11/2026", "2026-11-05"),
        ("5-11-26", "2026-11-05"),
        ("5.11.2026", "2026-11-05"),
        ("११/०५/२०२६", "2026-05-11"),
        ("11/25/2026", "2026-11-25"),
        ("2026-11-05", "2026-11-05"),
        ("on 5/11", "2026-11-05"),
        ("5/12 ko chahiye", "2026-12-05"),
        ("i ordered a pillow on 21 march, order no 98765, i want to know", "2026-03-21"),
        ("I need it delivered by monday", "2026-11-23"),
        ("will my order of 5 nov come", "2026-11-05"),
        ("is saturday open", "2026-11-28"),
        ("is saturday ko khula hai", "2026-11-21"),
        ("in 3 days", "2026-11-24"),
        ("3 din baad", "2026-11-24"),
        ("2 hafte baad", "2026-12-05"),
        ("2 weeks ago", "2026-11-07"),
        ("3 din pehle", "2026-11-18"),
        ("15 tarikh ko", "2026-12-15"),
        ("15 tarikh ko order kiya tha", "2026-11-15"),
        ("the day after tmrw", "2026-11-23"),
        ("after1parso", "2026-11-23"),
        ("in two weeks", "2026-12-05"),
        ("two weeks from now", "2026-12-05"),
        ("two weeks from today", "2026-12-05"),
        ("a week ago", "2026-11-14"),
        ("2 months back", "2026-09-21"),
        ("bought 5 years ago", "2021-11-21"),
        ("do hafte baad", "2026-12-05"),
        ("teen din pehle", "2026-11-18"),
        ("दो दिन बाद", "2026-11-23"),
        ("ek mahine pehle liya tha", "2026-10-21"),
        ("last Friday", "2026-11-20"),
        ("coming Monday", "2026-11-23"),
        ("aane wale somvar ko", "2026-11-23"),
        ("next sat", "2026-11-28"),
        ("sat ko aana", "2026-11-28"),
        ("Nov 5th, 2026", "2026-11-05"),
        ("26 Jan 27", "2027-01-26"),
        ("26th Jan '27", "2027-01-26"),
        ("26 jan 27 ko chahiye", "2027-01-26"),
        ("5-Nov-26", "2026-11-05"),
        ("on 5 nov 20 brake pads", "2026-11-05"),
        ("May 23-24", "2026-05-23"),
        ("5 may", "2027-05-05"),
        ("29 feb", "2028-02-29"),
        ("2026/11/05", "2026-11-05"),
        ("on 1.2.26", "2026-02-01"),
    ],
)
def test_days(text: str, day: str) -> None:
    assert days(text) == [day]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "how many days",
        "kitne din me",
        "within two weeks",
        "sun roof",
        "the car sat there",
        "may I ask",
        "march ahead",
        "9/16 bolt",
        "1/2 inch",
        "205/55 R16",
        "31/02/2026",
        "30 feb 2026",
        "99/99/9999",
        "version 1.2.3",
        "192.168.1.1",
        "1.11.2.2026",
        "NAS-10234",
        "022-2781-2345",
        "24-7",
        "week",
        "next",
        "in 0 days",
        "in 99999999999999999999 days",
        "999999 days ago",
        "how many cards in a day",
        "third time in four years",
        "it came after 3 days",
        "next day delivery",
        "next week",
        "agle hafte",
        "29 feb 2027",
        "31 june",
        "32/13/2026",
        "2026-13-05",
        "00/05/2026",
        "on 1/2 inch pipe",
        "version 1.2.10",
        "98-76-5432",
        "only 5 may be left",
        "march past at 5",
        "protection from sun",
        "mon",
    ],
)
def test_no_day_is_read_into_other_words(text: str) -> None:
    assert days(text) == []


@pytest.mark.parametrize("text", ["kal", "kal?", "कल", "parso"])
def test_kal_without_a_verb_is_the_day_to_come_or_the_one_gone(text: str) -> None:
    (first,), (second,) = days(text), others(text)
    assert date.fromisoformat(first) > SATURDAY
    assert second is not None
    assert second < SATURDAY


@pytest.mark.parametrize("text", ["kal aayega", "kal order kiya tha", "aaj", "5 Nov 2026", "monday"])
def test_what_is_clear_is_not_in_doubt(text: str) -> None:
    assert others(text) == [None]


def test_coming_monday_said_on_a_monday_is_a_week_away_and_this_monday_is_today() -> None:
    assert days("coming monday", MONDAY) == ["2026-11-30"]
    assert days("this monday", MONDAY) == ["2026-11-23"]


def test_next_friday_said_on_a_monday_is_in_doubt() -> None:
    assert days("next friday", MONDAY) == ["2026-12-04"]
    assert others("next friday", MONDAY) == [date(2026, 11, 27)]


@given(
    st.dates(min_value=date(1990, 1, 1), max_value=date(2090, 1, 1)),
    st.sampled_from(["%d/%m/%Y", "%d-%m-%Y", "%Y-%m-%d"]),
)
def test_a_full_date_is_read_as_it_is_written(day: date, form: str) -> None:
    assert days(f"on {day.strftime(form)} please") == [day.isoformat()]


@given(
    st.dates(min_value=date(2000, 1, 1), max_value=date(2090, 1, 1)),
    st.sampled_from(["monday", "somvar", "रविवार", "friday"]),
)
def test_a_weekday_is_within_the_week_to_come(today: date, name: str) -> None:
    (found,) = days(name, today)
    assert timedelta(0) < date.fromisoformat(found) - today <= timedelta(days=7)


@given(
    st.lists(
        st.sampled_from(
            "0 1 5 31 99 999 2027 27 / - . , ' th of in after next last coming day week month year ago later from now "
            "today tomorrow kal parso may feb nov monday ~sunday sat tarikh ko tha by aane wale दो दिन बाद".split()
        ),
        max_size=8,
    ).flatmap(lambda words: st.sampled_from([" ".join(words), "".join(words)])),
    st.dates(min_value=date(1970, 1, 1), max_value=date(2090, 1, 1)),
)
def test_any_order_of_its_own_words_is_taken(text: str, today: date) -> None:
    for found in read(text, today):
        assert 0 <= found.span.start < found.span.end <= len(text)
        date.fromisoformat(found.span.value)


@given(
    st.text(alphabet="0123456789/-. novkal tarikhbaddin"),
    st.dates(min_value=date(1970, 1, 1), max_value=date(2090, 1, 1)),
)
def test_it_takes_anything(text: str, today: date) -> None:
    for found in days(text, today):
        date.fromisoformat(found)
