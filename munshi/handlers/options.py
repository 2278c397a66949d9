"""What a pack writes under `options:`, read with the fault told where it is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from munshi.handlers.base import Button, HandlerError
from munshi.handlers.registry import HandlerConfig

ModelT = TypeVar("ModelT", bound=BaseModel)


class OptionError(ValueError):
    """An option that its handler cannot work with; the message says why, `remedy` what to write instead."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


def read(config: HandlerConfig, model: type[ModelT]) -> ModelT:
    """All options as a model. Raises HandlerError with the first fault, one line; `munshi check` tells each."""
    try:
        return model.model_validate(dict(config.options))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise HandlerError(
            f"intent '{config.intent}': options: {where}: {first['msg']}; see `munshi check`."
        ) from error


def one_of(config: HandlerConfig, name: str, known: Sequence[str]) -> str:
    """An option that must be one of `known`; the first of them where the pack leaves it out. Raises HandlerError."""
    value = config.options.get(name, known[0])
    if value in known:
        return str(value)
    raise HandlerError(f"intent '{config.intent}': options: {name}: '{value}' is none of {', '.join(known)}.")


def text(config: HandlerConfig, name: str) -> str:
    """An option that is a text; empty where the pack leaves it out. Raises HandlerError."""
    value = config.options.get(name, "")
    if isinstance(value, str):
        return value.strip()
    raise HandlerError(f"intent '{config.intent}': options: {name}: it must be a text; write it in quotes.")


def by_language(config: HandlerConfig, name: str) -> Mapping[str, str]:
    """An option that is a text, or one a language; nothing where the pack leaves it out. Raises HandlerError."""
    value = config.options.get(name, {})
    if isinstance(value, str):
        return {"en": value.strip()}
    if isinstance(value, Mapping) and all(isinstance(each, str) for each in value.values()):
        return {str(language): each.strip() for language, each in value.items()}
    raise HandlerError(f"intent '{config.intent}': options: {name}: it must be a text, or texts by language.")


def buttons(config: HandlerConfig, language: str) -> tuple[Button, ...]:
    """The option `buttons`: texts, or mappings with a `label` (a text, or one a language) and the `value` it sends.

    Raises HandlerError.
    """
    listed = config.options.get("buttons", ())
    if not isinstance(listed, Sequence) or isinstance(listed, str):
        raise _bad_buttons(config)
    return tuple(_button(config, entry, language) for entry in listed)


def _button(config: HandlerConfig, entry: Any, language: str) -> Button:
    if isinstance(entry, str) and entry.strip():
        return Button(entry.strip())
    if not isinstance(entry, Mapping):
        raise _bad_buttons(config)
    label = entry.get("label")
    if isinstance(label, Mapping):
        label = label.get(language, label.get("en"))
    value = entry.get("value", "")
    if not isinstance(label, str) or not label.strip() or not isinstance(value, str):
        raise _bad_buttons(config)
    return Button(label.strip(), value.strip())


def _bad_buttons(config: HandlerConfig) -> HandlerError:
    return HandlerError(
        f"intent '{config.intent}': options: buttons: list texts, or label (with an `en:` if by language) and value."
    )
