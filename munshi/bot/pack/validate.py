"""pydantic's errors told as faults: on the right line, in an owner's words, with a remedy."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from munshi.bot.pack.faults import Report, did_you_mean, quote
from munshi.bot.pack.values import BadValueError
from munshi.bot.pack.yaml_file import Document, Place
from munshi.handlers.options import OptionError

ModelT = TypeVar("ModelT", bound=BaseModel)

_LIST = ("is not a list.", "Put each item on its own line, after a dash.")
_TEXT = ("is not text.", "Write it in quotes.")
_NUMBER = ("is not a number.", "Write digits only, with a point for decimals.")
_DATE = ("is not a date.", "Write year-month-day, as in 2027-01-26.")
_SETTINGS = ("holds no settings.", "Write `key: value` lines under it, each two spaces in.")
_WORDS: Mapping[str, tuple[str, str]] = {
    "bool_parsing": ("is neither true nor false.", "Write true or false."),
    "bool_type": ("is neither true nor false.", "Write true or false."),
    "date_from_datetime_parsing": _DATE,
    "date_parsing": _DATE,
    "date_type": _DATE,
    "decimal_parsing": _NUMBER,
    "decimal_type": _NUMBER,
    "dict_type": _SETTINGS,
    "float_parsing": _NUMBER,
    "float_type": _NUMBER,
    "int_parsing": _NUMBER,
    "int_type": _NUMBER,
    "greater_than_equal": ("is below {ge}.", "Give a higher number."),
    "less_than_equal": ("is above {le}.", "Give a lower number."),
    "model_type": _SETTINGS,
    "string_pattern_mismatch": ("is not a name.", "Use letters, digits and _, beginning with a letter, 60 at most."),
    "string_too_long": ("is longer than {max_length} characters.", "Shorten it."),
    "string_too_short": ("is empty.", "Fill it in, or remove the line."),
    "string_type": _TEXT,
    "too_short": ("is an empty list.", "Give at least one."),
    "tuple_type": _LIST,
}


def validate(model: type[ModelT], document: Document, report: Report, value: Any, *place: str | int) -> ModelT | None:
    """`value`, which stands at `place` in the document, as a `model`; None once its faults are reported."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        for details in filter(_is_fault, error.errors(include_url=False)):
            inner = tuple(step for step in details["loc"] if step != "[key]")
            known = _settings(model, inner[:-1])
            message, remedy = _told(details, (*place, *inner), known)
            report.error(document.line(*place, *inner), message, remedy)
        return None


def _is_fault(details: ErrorDetails) -> bool:
    """A list is also called too short where it has items, all of them faulty: those have been told of."""
    return details["type"] != "too_short" or not details["input"]


def _told(details: ErrorDetails, place: Place, settings: Sequence[str]) -> tuple[str, str]:
    """What is wrong and what to do; `settings` are the keys known where the error is."""
    kind, context = details["type"], details.get("ctx", {})
    if not place:
        return "The file is empty or holds no settings.", "`munshi init` makes one to start from."
    last = place[-1]
    if isinstance(cause := context.get("error"), BadValueError | OptionError):
        return str(cause), cause.remedy
    if kind == "missing":
        return f"'{last}' is missing.", f"Add a line `{last}: …`."
    if kind == "extra_forbidden":
        return f"There is no setting {quote(last)}.", did_you_mean(str(last), settings)
    if kind == "literal_error":
        known = re.findall(r"'([^']*)'", str(context["expected"]))
        return f"{quote(details['input'])} is not known here.", did_you_mean(str(details["input"]), known)
    subject = quote(last) if isinstance(last, str) else f"Number {last + 1} of '{_list_name(place)}'"
    if details["input"] is None:
        return f"{subject} has nothing behind it.", "Fill it in, or remove the line."
    words, remedy = _WORDS.get(kind, (f"is wrong: {details['msg']}.", "Compare it with the template's."))
    return f"{subject} {words.format(**context)}", remedy


def _list_name(place: Place) -> str:
    return next((step for step in reversed(place) if isinstance(step, str)), "the list")


def _settings(model: type[BaseModel], place: Place) -> list[str]:
    """The keys that the part of `model` at `place` knows."""
    for step in place:
        if isinstance(step, str) and step in model.model_fields:
            model = _part(model.model_fields[step].annotation) or model
    return list(model.model_fields)


def _part(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((part for argument in get_args(annotation) if (part := _part(argument))), None)
