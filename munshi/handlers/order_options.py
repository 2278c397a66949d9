"""What a pack writes under `options:` of the handlers that deal with orders."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Days = Annotated[int, Field(ge=1, le=3650)]


class PlaceOrderOptions(BaseModel):
    """`first_number` ends in digits; `note` is a text, or one a language."""

    model_config = ConfigDict(extra="forbid")

    first_number: Annotated[str, StringConstraints(pattern=r"^.{0,50}[0-9]{1,9}$")]
    note: str | dict[str, str] = ""


class ReturnDays(BaseModel):
    """Within how many days of delivery, by reason; a reason that is left out is not taken."""

    model_config = ConfigDict(extra="forbid")

    faulty: Days | None = None
    wrong_part: Days | None = None
    changed_mind: Days | None = None


class ReturnOptions(BaseModel):
    """Those of `return_request`."""

    model_config = ConfigDict(extra="forbid")

    days: ReturnDays
