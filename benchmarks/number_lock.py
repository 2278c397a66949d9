"""Whether a changed figure gets past the number lock, and one spelt otherwise does.

python -m benchmarks.number_lock

A scripted model answers with a sentence of a passage and cites it: sentences with a figure from the two demo packs'
papers and from XQuAD (CC BY-SA 4.0), drawn with a seed. The altering model changes one figure in each of 500, the
faithful one spells figures another way in 500. Figures are found and changed here by rules of this file's own, not by
the parser under test. A change whose outcome stands in the same passage anyhow ("5 to 7" made "7 to 7") is no test of a
lock that asks whether a figure stands there: such draws are counted and drawn again.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.machine import data_folder, describe
from munshi.knowledge.base import Passage
from munshi.knowledge.chunking import passages
from munshi.knowledge.grounding import Grounding
from munshi.knowledge.lexical import LexicalIndex
from munshi.knowledge.loaders import load
from munshi.knowledge.text import sentences, stems

SEED = 11
ANSWERS = 500
SPARE = 20  # drawn besides: not every sentence can be altered
PACKS = Path(__file__).resolve().parents[1] / "munshi" / "bot" / "businesses"

DIGITS = re.compile(r"(?<![\w.,/:-])₹?\d+(?:,\d+)*(?:\.\d+)?(?![\w.,/:-]*\d)(?!\. [A-Z])")
PLAIN = re.compile(r"(?<![\w.,/:-])(?P<money>₹)?(?P<number>\d+(?:,\d+)*(?:\.\d+)?)(?P<percent> ?%)?(?![\w/:%-]|[.,]\d)")
CLOCK = re.compile(r"(?<!\d)(\d{2}):(\d{2})(?!\d)")
RANGE = re.compile(r"(?<=\d) to (?=₹?\d)")
UNITS = ("days", "hours", "minutes", "weeks", "months", "years", "km", "kg", "miles", "litres", "metres", "feet")
UNIT = re.compile(rf"(?<=\d)( (?:working )?)({'|'.join(UNITS)})\b")
SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
TENS = "zero ten twenty thirty forty fifty sixty seventy eighty ninety".split()
COUNTED = re.compile(rf"(?<![-\w])({'|'.join(SMALL[2:13])}) (?=[a-z]+s\b)", re.IGNORECASE)
SCALES = {"lakh": 100_000, "crore": 10_000_000}
MONTHS = "January February March April May June July August September October November December".split()
DATED = re.compile(rf"\b(\d{{1,2}} )?({'|'.join(MONTHS)})( \d{{1,2}})?(?:,? (\d{{4}}))?\b")
LEAST = re.compile(r"\d(?!\d?\. [A-Z])|" + COUNTED.pattern, re.IGNORECASE)

Change = Callable[[str, random.Random, Sequence[str]], "str | None"]


@dataclass(frozen=True)
class Said:
    """A sentence with a figure, and the passage that it stands in."""

    text: str
    passage: Passage


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=SEED)
    seed = parser.parse_args().seed
    print(describe(("bm25s", "regex")))
    draw = random.Random(seed)
    answers = collect(draw)
    numbers = sorted({match.group() for said in answers for match in DIGITS.finditer(said.text)})
    index = LexicalIndex.build([stems(said.passage.text) for said in answers])
    grounding = Grounding(None, index)
    print(f"seed      {seed}\nanswers   {len(answers)} drawn, {ANSWERS // 2} of them from the demo packs\n")
    altering(grounding, answers, numbers, draw)
    faithful(grounding, answers[:ANSWERS], draw)


def collect(draw: random.Random) -> list[Said]:
    """The sentences, drawn from all that hold a figure."""
    papers = [
        one
        for pack in ("auto-parts", "dummy-bank")
        for path in sorted((PACKS / pack / "knowledge").iterdir())
        for one in passages(load(path))
    ]
    articles = json.loads((data_folder() / "xquad" / "xquad.en.json").read_text(encoding="utf-8"))["data"]
    contexts = [paragraph["context"] for article in articles for paragraph in article["paragraphs"]]
    squad = [Passage(f"x{number}", text, "xquad") for number, text in enumerate(contexts)]
    drawn = []
    for group, count in ((papers, ANSWERS // 2), (squad, ANSWERS // 2 + SPARE)):
        found = [Said(one, passage) for passage in group for one in sentences(passage.text) if LEAST.search(one)]
        drawn += draw.sample(found, count)
    return drawn


def altering(grounding: Grounding, answers: Sequence[Said], numbers: Sequence[str], draw: random.Random) -> None:
    """One figure changed in each answer: what gets through."""
    through: list[tuple[str, str]] = []
    kinds: Counter[str] = Counter()
    collisions = 0
    for said in answers:
        if kinds.total() == ANSWERS:
            break
        tried = [(kind, change(said.text, draw, numbers)) for kind, change in shuffled(ALTERATIONS, draw)]
        changes = [(kind, changed) for kind, changed in tried if changed and changed != said.text]
        tests = [(kind, changed) for kind, changed in changes if not stands(changed, said)]
        collisions += len(changes) - len(tests)
        for kind, changed in tests[:1]:
            kinds[kind] += 1
            verdict = grounding.check(f"{changed} [P1]", {"P1": said.passage})
            if not any(fault.startswith("number") for fault in verdict.faults):
                through.append((kind, f"{changed}  <-  {said.text}"))
    print(f"altered   {sum(kinds.values())}: " + ", ".join(f"{kind} {count}" for kind, count in kinds.items()))
    print(f"          {collisions} other draws made what stands in the passage anyhow")
    print(f"through   {len(through)}")
    for kind, text in through:
        print(f"          {kind}: {text[:300]}")


def shuffled(ways: dict[str, Change], draw: random.Random) -> list[tuple[str, Change]]:
    return draw.sample(list(ways.items()), len(ways))


def stands(changed: str, said: Said) -> bool:
    """Whether each figure of the changed sentence stands in the passage too: its value, and its unit if any."""
    passage = figures(said.passage.text)
    days = [match.group().casefold() for match in DATED.finditer(changed)]
    return all(
        any(value == other and (not unit or not own or unit == own) for other, own in passage)
        for value, unit in figures(changed)
    ) and all(day in said.passage.text.casefold() for day in days)


def figures(text: str) -> set[tuple[float, str]]:
    """Value and unit, where it is one that is changed here, of each number in digits or a small number word."""
    text = re.sub(
        rf"\b({'|'.join(SMALL)})\b", lambda match: str(SMALL.index(match[1].lower())), text, flags=re.IGNORECASE
    )
    units = "|".join(UNITS)
    pattern = rf"(₹|\$)?\s?(\d+(?:,\d+)*(?:\.\d+)?)(?: (lakh|crore))?(?:\s?(%)|(?: working)? ({units})\b)?"
    return {
        (float(one[2].replace(",", "")) * SCALES.get(one[3], 1), one[1] or one[4] or one[5] or "")
        for one in re.finditer(pattern, text)
    }


def faithful(grounding: Grounding, answers: Sequence[Said], draw: random.Random) -> None:
    """Figures spelt another way in each answer: what is refused."""
    refused: list[tuple[str, str]] = []
    others: Counter[str] = Counter()
    respelt = 0
    for said in answers:
        text = said.text
        for _, change in shuffled(SPELLINGS, draw):
            text = change(text, draw, ()) or text
        respelt += text != said.text
        verdict = grounding.check(f"{text} [P1]", {"P1": said.passage})
        number = [fault for fault in verdict.faults if fault.startswith("number")]
        others.update(fault.partition(":")[0] for fault in verdict.faults if not number)
        if number:
            refused.append((number[0], f"{text}  <-  {said.text}"))
    print(f"faithful  {len(answers)}, {respelt} of them with figures spelt another way")
    print(f"refused   {len(refused)} by the number lock ({len(refused) / len(answers):.1%})")
    print("          by other checks: " + (", ".join(f"{kind} {count}" for kind, count in others.items()) or "none"))
    for fault, text in refused:
        print(f"          {fault}: {text[:300]}")


def one_of(pattern: re.Pattern[str], text: str, draw: random.Random) -> re.Match[str] | None:
    found = list(pattern.finditer(text))
    return draw.choice(found) if found else None


def put(text: str, match: re.Match[str], new: str) -> str:
    return text[: match.start()] + new + text[match.end() :]


def other_digit(text: str, draw: random.Random, _: Sequence[str]) -> str | None:
    match = one_of(re.compile(r"\d(?!\d?\. [A-Z])"), text, draw)
    return match and put(text, match, draw.choice([digit for digit in "123456789" if digit != match.group()]))


def ten_times(text: str, draw: random.Random, _: Sequence[str]) -> str | None:
    match = one_of(DIGITS, text, draw)
    if match is None:
        return None
    whole, dot, rest = match.group().replace(",", "").partition(".")
    return put(text, match, f"{whole}{rest[:1]}.{rest[1:]}".rstrip(".") if dot else f"{whole}0")


def from_elsewhere(text: str, draw: random.Random, numbers: Sequence[str]) -> str | None:
    match = one_of(DIGITS, text, draw)
    return match and put(text, match, draw.choice(numbers))


def other_unit(text: str, draw: random.Random, _: Sequence[str]) -> str | None:
    match = one_of(UNIT, text, draw)
    if match is not None:
        return put(text, match, match[1] + draw.choice([unit for unit in UNITS if unit != match[2]]))
    match = one_of(re.compile(r"₹(?=\d)|(?<=\d) ?%"), text, draw)
    return match and put(text, match, "$" if match.group() == "₹" else draw.choice([" days", " rupees", ""]))


def other_word(text: str, draw: random.Random, _: Sequence[str]) -> str | None:
    match = one_of(COUNTED, text, draw)
    return match and put(text, match, draw.choice([one for one in SMALL[2:13] if one != match[1].lower()]) + " ")


def other_date(text: str, draw: random.Random, _: Sequence[str]) -> str | None:
    match = one_of(DATED, text, draw)
    if match is None or not (match[1] or match[3] or match[4]):
        return None
    month = draw.choice([month for month in MONTHS if month != match[2]])
    return text[: match.start(2)] + month + text[match.end(2) :]


def ungrouped(text: str, draw: random.Random, _: Sequence[str]) -> str:
    """1,50,000 as 150000, 150,000, or 1.5 lakh."""

    def spell(match: re.Match[str]) -> str:
        value, money = int(match["number"].replace(",", "").partition(".")[0]), match["money"] or ""
        if "." in match["number"] or match["percent"] or "," not in match["number"]:
            return match.group()
        ways = [f"{money}{value}", f"{money}{value:,}"]
        if value % 1_000 == 0 and value < 100_000 and money:
            ways += [f"{money}{value // 1_000}k", f"{money}{value // 1_000} thousand"]
        if value % 10_000 == 0 and value >= 100_000:
            ways.append(f"{money}{value / 100_000:g} lakh")
        return draw.choice(ways)

    return PLAIN.sub(spell, text)


def rupees(text: str, draw: random.Random, _: Sequence[str]) -> str:
    """₹500 as Rs. 500, INR 500 or 500 rupees."""
    forms = ("Rs. {}", "Rs {}", "INR {}", "{} rupees", "₹ {}")
    return re.sub(
        r"₹(\d[\d,]*(?:\.\d+)?)(?! ?(?:lakh|crore|k\b|thousand)|[\d.,]*\d)",
        lambda m: draw.choice(forms).format(m[1]),
        text,
    )


def percents(text: str, draw: random.Random, _: Sequence[str]) -> str:
    forms = ("{} percent", "{} per cent", "{} %", "{}%")
    return re.sub(r"(\d+(?:\.\d+)?) ?%", lambda match: draw.choice(forms).format(match[1]), text)


def clock(text: str, draw: random.Random, _: Sequence[str]) -> str:
    def spell(match: re.Match[str]) -> str:
        hour, minute = int(match[1]), match[2]
        half = "am" if hour < 12 else "pm"
        return f"{(hour - 1) % 12 + 1}{'' if minute == '00' else ':' + minute} {half}"

    return CLOCK.sub(spell, text) if draw.random() < 0.7 else text


def ranges(text: str, draw: random.Random, _: Sequence[str]) -> str:
    return RANGE.sub(draw.choice(("-", "–", " - ", " to ")), text)


def in_words(text: str, draw: random.Random, _: Sequence[str]) -> str:
    """7 days as seven days."""

    def spell(match: re.Match[str]) -> str:
        value = int(match[1])
        return in_english(value) if draw.random() < 0.6 and 1 < value < 100 else match[1]

    return re.sub(rf"(?<![\w.,₹$/:-])(\d{{1,2}})(?= (?:working )?(?:{'|'.join(UNITS)})\b)", spell, text)


def in_digits(text: str, draw: random.Random, _: Sequence[str]) -> str:
    return COUNTED.sub(lambda m: f"{SMALL.index(m[1].lower())} " if draw.random() < 0.6 else m.group(), text)


def devanagari(text: str, draw: random.Random, _: Sequence[str]) -> str:
    digits = {ord("0") + number: chr(0x966 + number) for number in range(10)}
    return text.translate(digits) if draw.random() < 0.1 else text


def dates(text: str, draw: random.Random, _: Sequence[str]) -> str:
    def spell(match: re.Match[str]) -> str:
        day, month, year = int(match[1]), MONTHS.index(match[2]) + 1, match[3]
        if not year:
            return draw.choice((f"{match[2]} {day}", f"{day} {match[2][:3]}"))
        return draw.choice((f"{day:02}/{month:02}/{year}", f"{match[2]} {day}, {year}", f"{year}-{month:02}-{day:02}"))

    return re.sub(rf"(?<![\w.,-])(\d{{1,2}}) ({'|'.join(MONTHS)})(?: (\d{{4}}))?\b(?! \d)", spell, text)


def in_english(value: int) -> str:
    if value < len(SMALL):
        return SMALL[value]
    return TENS[value // 10] + (f"-{SMALL[value % 10]}" if value % 10 else "")


ALTERATIONS: dict[str, Change] = {
    "digit": other_digit,
    "times ten": ten_times,
    "from another passage": from_elsewhere,
    "unit": other_unit,
    "word": other_word,
    "date": other_date,
}
SPELLINGS: dict[str, Change] = {
    "grouping": ungrouped,
    "rupees": rupees,
    "percent": percents,
    "clock": clock,
    "range": ranges,
    "words": in_words,
    "digits": in_digits,
    "devanagari": devanagari,
    "dates": dates,
}


if __name__ == "__main__":
    main()
