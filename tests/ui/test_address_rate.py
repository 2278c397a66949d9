"""One address that asks too often is asked to wait; nobody else is."""

from __future__ import annotations

from limits import parse
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from munshi.bot.rates import LocalRates
from munshi.ui.address_rate import AddressRate


async def ok(_request: Request) -> PlainTextResponse:
    return PlainTextResponse("ok")


def test_an_address_is_slowed_down_where_it_costs_and_nowhere_else() -> None:
    rates, rate = LocalRates(), parse("2/minute")
    routes = [Route(path, ok, methods=["GET", "POST"]) for path in ("/new", "/healthz", "/webhooks/whatsapp")]
    app = Starlette(
        routes=routes, middleware=[Middleware(AddressRate, allow=lambda address: rates.allow(address, rate))]
    )
    here = TestClient(app, client=("10.0.0.1", 1))
    assert [here.post("/new").status_code for _ in range(3)] == [200, 200, 429]
    assert here.post("/new").headers["retry-after"] == "60"
    assert {here.post(path).status_code for path in ("/healthz", "/webhooks/whatsapp") for _ in range(5)} == {200}
    assert TestClient(app, client=("10.0.0.2", 1)).post("/new").status_code == 200
