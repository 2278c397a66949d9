"""Login tokens for the owner to hand out: each lets one customer be known in one chat, once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from munshi.bot.business import load_business
from munshi.bot.database import open_engine
from munshi.bot.settings import Settings
from munshi.handlers.base import HandlerError
from munshi.handlers.columns import code_key
from munshi.handlers.customers import customer, find_by_phone, new_login_token
from munshi.handlers.phones import to_e164
from munshi.handlers.records import import_records


class UnknownCustomerError(HandlerError):
    """No active customer has this number."""


def make_login_token(settings: Settings, number: str, *, lifetime: timedelta) -> tuple[str, str]:
    """A new token for the customer of a customer number or phone: (customer number, token).

    Raises UnknownCustomerError, and what reading the pack and opening the database raise.
    """
    business = load_business(settings.business)
    engine = open_engine(settings.database_url, home=settings.business_home(business.key))
    try:
        import_records(engine, business.key, business.records)
        with engine.begin() as db:
            found = customer(db, business.key, code_key(number)) or find_by_phone(db, business.key, _phone(number))
            if found is None:
                raise UnknownCustomerError(f"No active customer has the number '{number[:40]}': see customers.csv.")
            token = new_login_token(db, business.key, found.customer_id, expires_at=datetime.now(UTC) + lifetime)
        return found.customer_id, token
    finally:
        engine.dispose()


def _phone(number: str) -> str:
    try:
        return to_e164(number)
    except ValueError:
        return ""
