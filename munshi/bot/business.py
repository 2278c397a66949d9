"""A business as the bot knows it: its pack, read from a folder and found sound."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from munshi.bot.pack.check import check_pack
from munshi.bot.pack.faults import BusinessError, Fault, Report, quote
from munshi.bot.pack.reading import Pack, read_pack
from munshi.bot.pack.schema import DEFAULT_CLASSIFIER, WEEKDAYS, BusinessFile, IntentEntry, SlotEntry
from munshi.bot.template import Template
from munshi.handlers.base import BusinessProfile, OpeningHours, SlotSpec
from munshi.handlers.registry import names as handler_names
from munshi.intents.base import Intent

__all__ = [
    "Business", "BusinessError", "Fault", "GlossaryEntry",
    "check_business", "demo_names", "find_business", "load_business",
]  # fmt: skip

_DEMOS = Path(__file__).parent / "businesses"


@dataclass(frozen=True, slots=True)
class GlossaryEntry:
    """One of the shop's own words and what it means in English. `language` is en, hi or hinglish."""

    term: str
    meaning: str
    language: str


@dataclass(frozen=True, slots=True)
class Business:
    """A pack. The mappings by intent have every intent of `intents` in them, if only with nothing.

    `titles` is what a customer reads on a button, by language; `formats` holds regular expressions by kind of code
    (order_number, account), to be matched case-insensitively; `thresholds` and `retrieval` only what the owner sets;
    `classifier` names one of `munshi.intents.registry`; `personal` are the intents that need a customer who is known;
    `codes` is "demo" where the chat may show one-time codes; `template` asks a customer on WhatsApp to write again;
    `records` the CSV files by table; `phrases` the sentences that the owner words differently, by language and key;
    `papers` and `conversations` are files to be read by others.
    """

    folder: Path
    key: str
    profile: BusinessProfile
    intents: tuple[Intent, ...]
    slot_specs: Mapping[str, tuple[SlotSpec, ...]]
    options: Mapping[str, Mapping[str, Any]]
    titles: Mapping[str, Mapping[str, str]]
    formats: Mapping[str, str]
    thresholds: Mapping[str, float]
    glossary: tuple[GlossaryEntry, ...]
    papers: tuple[Path, ...]
    records: Mapping[str, Path]
    phrases: Mapping[str, Mapping[str, str]]
    conversations: Path | None
    llm: str
    tone: str
    classifier: str = DEFAULT_CLASSIFIER
    personal: frozenset[str] = frozenset()
    codes: str = ""
    retrieval: Mapping[str, Any] = field(default_factory=dict)
    template: Template | None = None

    def title(self, intent: str, language: str) -> str:
        """What an intent is called before a customer: its title, else its name in words."""
        given = self.titles[intent]
        return given.get(language) or given.get("en") or intent.replace("_", " ").capitalize()


def load_business(name_or_folder: str | Path) -> Business:
    """The business in a folder, or a demo by its name.

    Raises BusinessError with every error that keeps it from running. Its papers and records are not looked into:
    that is done where they are read, and by `check_business`.
    """
    folder = find_business(name_or_folder)
    report = Report()
    pack = read_pack(folder, report, handler_names())
    errors = [fault for fault in report.faults if fault.severity == "error"]
    if errors or pack.business is None:
        raise BusinessError(f"The pack {folder.name} cannot be run; correct this, then try again:", errors)
    return _business(pack, pack.business)


def check_business(folder: Path) -> list[Fault]:
    """Every fault of the pack in `folder`, by file and line."""
    report = Report()
    names = handler_names()
    check_pack(read_pack(folder, report, names), report, names)
    return sorted(report.faults, key=lambda fault: (fault.file, fault.line or 0))


def find_business(name_or_folder: str | Path) -> Path:
    """The folder meant: a path to one, or the name of a demo. Raises BusinessError where there is neither."""
    given = Path(name_or_folder)
    names = demo_names()
    try:
        is_folder = bool(str(name_or_folder).strip()) and given.is_dir()
    except (OSError, ValueError):
        # Too long, or with a character that no path can hold.
        is_folder = False
    if str(name_or_folder) in names and not (is_folder and (given / "business.yaml").is_file()):
        return _DEMOS / str(name_or_folder)
    if is_folder:
        return given.resolve()
    raise BusinessError(
        f"There is no business {quote(name_or_folder)}: neither a folder here nor a demo ({', '.join(names)}). "
        "Give the path to one, or start a new one with `munshi init FOLDER`."
    )


def demo_names() -> list[str]:
    """The businesses that come with Munshi."""
    return sorted(path.parent.name for path in _DEMOS.glob("[!_]*/business.yaml"))


def _business(pack: Pack, file: BusinessFile) -> Business:
    slot_specs = {entry.name: tuple(_slot_spec(slot) for slot in entry.slots) for entry in pack.intents}
    conversations = pack.folder / "conversations.yaml"
    return Business(
        folder=pack.folder,
        key=pack.folder.name,
        profile=_profile(file),
        intents=tuple(_intent(entry) for entry in pack.intents),
        slot_specs=slot_specs,
        options={entry.name: entry.options for entry in pack.intents},
        titles={entry.name: {str(language): text for language, text in entry.title.items()} for entry in pack.intents},
        formats=file.formats.model_dump(exclude_none=True),
        thresholds=file.thresholds.model_dump(exclude_none=True),
        retrieval=file.retrieval.model_dump(exclude_none=True),
        glossary=tuple(GlossaryEntry(row["term"], row["meaning"], row["language"]) for _, row in pack.glossary),
        papers=pack.papers,
        records=pack.records,
        phrases=pack.phrases,
        conversations=conversations if conversations.exists() else None,
        llm=file.llm,
        tone=file.tone,
        classifier=file.classifier,
        personal=frozenset(entry.name for entry in pack.intents if entry.identify),
        codes=file.codes or "",
        template=_template(file),
    )


def _template(file: BusinessFile) -> Template | None:
    given = file.whatsapp.template
    if given is None:
        return None
    words = (file.name,) if given.shop_name else ()
    return Template(given.name, given.language, words, given.twilio or "")


def _profile(file: BusinessFile) -> BusinessProfile:
    return BusinessProfile(
        name=file.name,
        description=file.description,
        languages=file.languages,
        currency=file.currency,
        timezone=ZoneInfo(file.timezone),
        hours=tuple(
            OpeningHours(weekday, opens, closes)
            for weekday, name in enumerate(WEEKDAYS)
            for opens, closes in getattr(file.hours, name)
        ),
        holidays=tuple(sorted(file.holidays.items())),
        address=file.contact.address,
        phone=file.contact.phone,
        email=file.contact.email or "",
        maps_url=file.contact.maps_url or "",
        gstin=file.contact.gstin or "",
    )


def _intent(entry: IntentEntry) -> Intent:
    return Intent(
        name=entry.name,
        description=entry.description,
        examples=entry.examples,
        handler=entry.handler,
        slots=tuple(slot.name for slot in entry.slots),
        risk=entry.risk,
    )


def _slot_spec(entry: SlotEntry) -> SlotSpec:
    return SlotSpec(
        name=entry.name,
        kind=entry.kind,
        prompt={str(language): text for language, text in entry.prompt.items()},
        choices=entry.choices,
        optional=entry.optional,
        pattern=entry.pattern,
        minimum=entry.min,
        maximum=entry.max,
    )
