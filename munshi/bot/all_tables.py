"""Every table of the database, for whoever must not miss one."""

from __future__ import annotations

import munshi.bot.channel_users
import munshi.bot.tables
import munshi.handlers.attachments
import munshi.handlers.cards
import munshi.handlers.customers
import munshi.handlers.erased
import munshi.handlers.ledger
import munshi.handlers.order_requests
import munshi.handlers.otp
import munshi.handlers.payees
import munshi.handlers.placed_orders
import munshi.handlers.stock
import munshi.handlers.visits  # noqa: F401 (each of these makes tables)
from munshi.handlers.tables import metadata as metadata
