"""Handlers by name: Munshi's own, those of installed packages, and a shop's own as `module:Class`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from pydantic import BaseModel

from munshi.handlers.base import Action, BusinessProfile, Handler, HandlerError, Knowledge, Phrases, SlotSpec
from munshi.handlers.records import Records

GROUP = "munshi.handlers"
"""The entry point group in which an installed package offers handlers."""

_OWN: Mapping[str, str] = {
    "branch_location": "munshi.handlers.branch_location:BranchLocation",
    "card_block": "munshi.handlers.card_block:CardBlock",
    "card_replacement": "munshi.handlers.card_replacement:CardReplacement",
    "check_balance": "munshi.handlers.balance:CheckBalance",
    "call_back": "munshi.handlers.callback:CallBack",
    "cancel_order": "munshi.handlers.cancel_order:CancelOrder",
    "collect": "munshi.handlers.collect:Collect",
    "delivery_check": "munshi.handlers.delivery:DeliveryCheck",
    "faq": "munshi.handlers.faq:Faq",
    "fund_transfer": "munshi.handlers.transfer:FundTransfer",
    "hours_location": "munshi.handlers.hours_location:HoursLocation",
    "loan_eligibility": "munshi.handlers.loan_eligibility:LoanEligibility",
    "loan_emi": "munshi.handlers.loan_emi:LoanEmi",
    "loan_enquiry": "munshi.handlers.loan_enquiry:LoanEnquiry",
    "invoice_copy": "munshi.handlers.invoice_copy:InvoiceCopy",
    "open_account": "munshi.handlers.open_account:OpenAccount",
    "order_status": "munshi.handlers.order_status:OrderStatus",
    "out_of_scope": "munshi.handlers.out_of_scope:OutOfScope",
    "place_order": "munshi.handlers.place_order:PlaceOrder",
    "quote_request": "munshi.handlers.quote_request:QuoteRequest",
    "return_request": "munshi.handlers.return_request:ReturnRequest",
    "returns": "munshi.handlers.returns:Returns",
    "small_talk": "munshi.handlers.small_talk:SmallTalk",
    "stock_price": "munshi.handlers.stock_price:StockPrice",
    "talk_to_person": "munshi.handlers.talk_to_person:TalkToPerson",
}


PERSONAL = frozenset({"card_block", "card_replacement", "check_balance", "fund_transfer"})
"""Handlers of our own that tell or touch what is a customer's own: their intents must identify the customer first."""


@dataclass(frozen=True, slots=True)
class Services:
    """What every handler may use."""

    records: Records
    knowledge: Knowledge
    phrases: Phrases
    profile: BusinessProfile


@dataclass(frozen=True, slots=True)
class HandlerConfig:
    """What a pack says about one intent's handler."""

    intent: str
    slots: tuple[SlotSpec, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)


def names() -> tuple[str, ...]:
    """The handlers that a pack can name, besides `module:Class`."""
    return tuple(sorted({*_OWN, *_installed()}))


def create(name: str, services: Services, config: HandlerConfig) -> Handler:
    """The handler of one intent. Raises HandlerError, one line, where there is none or it cannot be made."""
    where = f"intent '{config.intent}', handler '{name}'"
    make = _resolve(name, where)
    try:
        inspect.signature(make).bind(services, config)
    except TypeError as error:
        raise HandlerError(f"{where}: it must be a class that takes (services, config): {error}.") from error
    handler = make(services, config)
    reads, acts = callable(getattr(handler, "answer", None)), isinstance(handler, Action)
    if not hasattr(handler, "slots") or not (reads or acts):
        raise HandlerError(f"{where}: it needs `slots`, and `answer` or both `summary` and `execute`.")
    if reads and acts:
        raise HandlerError(f"{where}: it must either answer or act, not both; make two handlers of it.")
    return handler  # type: ignore[no-any-return]


def options_model(name: str) -> type[BaseModel] | None:
    """The form that a handler's options must have, where it says so as `options_model`. Raises HandlerError."""
    model = getattr(_resolve(name, f"handler '{name}'"), "options_model", None)
    return model if isinstance(model, type) and issubclass(model, BaseModel) else None


def _installed() -> Mapping[str, str]:
    return {point.name: point.value for point in entry_points(group=GROUP)}


def _resolve(name: str, where: str) -> Callable[..., Any]:
    path = _OWN.get(name) or _installed().get(name) or name
    module, _, attribute = path.partition(":")
    if not module or not attribute:
        raise HandlerError(f"{where}: there is no such handler; use one of {', '.join(names())}, or module:Class.")
    try:
        found = getattr(import_module(module), attribute)
    except ImportError as error:
        raise HandlerError(f"{where}: {error}; install the module or put its folder on PYTHONPATH.") from error
    except AttributeError as error:
        raise HandlerError(f"{where}: {module} has no {attribute}; check its spelling.") from error
    if not callable(found):
        raise HandlerError(f"{where}: {attribute} is no class; name a class that takes (services, config).")
    return found  # type: ignore[no-any-return]
