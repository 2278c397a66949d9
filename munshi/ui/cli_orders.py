"""`munshi orders`: what was ordered in the chat, and where it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from munshi.bot.settings import load_settings
from munshi.ui.console import BusinessOption, JsonOption, fault, show_json, show_table, telling_faults

if TYPE_CHECKING:
    from munshi.handlers.placed_orders import PlacedOrder

orders = typer.Typer(no_args_is_help=True, help="Orders placed in the chat: list them, say where one is.")


@orders.command("list")
def list_orders(business: BusinessOption = None, as_json: JsonOption = False) -> None:
    """List the orders, latest first."""
    from munshi.bot.chat_orders import open_chat_orders

    with telling_faults(), open_chat_orders(load_settings(business=business)) as found:
        placed = found.all()
    if as_json:
        show_json([_told(order) for order in placed])
    elif not placed:
        typer.echo("Nothing was ordered in the chat yet.")
    else:
        show_table(("number", "status", "placed", "items", "total", "for"), [_row(order) for order in placed])


@orders.command("set")
def set_order(
    number: Annotated[str, typer.Argument(help="The order number.")],
    status: Annotated[str, typer.Argument(help="packed, shipped, out_for_delivery, delivered, returned or cancelled.")],
    business: BusinessOption = None,
) -> None:
    """Say where an order is; what stands in orders.csv goes before it."""
    from munshi.bot.chat_orders import open_chat_orders

    with telling_faults(), open_chat_orders(load_settings(business=business)) as found:
        moved = found.move(number, status)
    if not moved:
        raise fault(f"No order {number} of the chat can become '{status}'. `munshi orders list` shows how they are.")
    typer.echo(f"{number} is {status}.")


def _told(order: PlacedOrder) -> dict[str, object]:
    lines = [f"{line.count} x {line.sku}" for line in order.lines]
    person = None if order.person is None else {"name": order.person.name, "phone": order.person.phone}
    return {
        "order_number": order.order_number,
        "status": order.status,
        "placed_on": order.placed_on,
        "items": lines,
        "total_paise": order.total_paise,
        "person": person,
    }


def _row(order: PlacedOrder) -> tuple[str, ...]:
    items = ", ".join(f"{line.count} × {line.sku}" for line in order.lines)
    person = f"{order.person.name}, {order.person.phone}" if order.person else "[erased]"
    total = f"{order.total_paise / 100:.2f}"
    return order.order_number, order.status, order.placed_on.isoformat(), items, total, person
