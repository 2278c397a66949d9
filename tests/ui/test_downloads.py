"""The repayment table of a loan, fetched from the chat that asked for it and from no other."""

from __future__ import annotations

import csv
from decimal import Decimal
from io import StringIO

import pytest
from playwright.sync_api import BrowserContext
from starlette.testclient import TestClient

from munshi.bot.app import open_app
from munshi.bot.settings import load_settings
from munshi.ui.chat import Chat
from munshi.ui.guards import COOKIE
from munshi.ui.news import News
from munshi.ui.server import create_server
from tests.ui.browsers import start, stop


def test_the_table_of_a_loan_is_fetched_by_its_own_chat_alone(
    tmp_path_factory: pytest.TempPathFactory, token: str
) -> None:
    home = tmp_path_factory.mktemp("bank")
    with open_app(load_settings(home=home, business="dummy-bank", encoder="none")) as app:
        app.respond("EMI of a personal loan of 3 lakh for 3 years", session_id=f"web-{token}")
        asked, told = app.transcript(f"web-{token}")
        assert f"./files/{told.id}" in str(Chat(app, News(app.shared.bell)).bubbles([told]))
        with TestClient(create_server(app)) as client:
            path = f"/files/{told.id}"
            assert client.get(path).status_code == 404
            client.cookies.set(COOKIE, token)
            found = client.get(path)
            assert "attachment" in found.headers["content-disposition"]
            rows = list(csv.DictReader(StringIO(found.text)))
            assert len(rows) == 36
            assert sum(Decimal(row["principal"]) for row in rows) == 300_000
            assert Decimal(rows[-1]["balance"]) == 0
            assert client.get(f"/files/{asked.id}").status_code == 404
            assert client.get(f"/files/{10**30}").status_code in (404, 422)
            client.cookies.clear()
            client.cookies.set(COOKIE, "0" * 32)
            assert client.get(path).status_code == 404


@pytest.mark.browser
def test_a_customer_downloads_the_table(context: BrowserContext, tmp_path_factory: pytest.TempPathFactory) -> None:
    home = tmp_path_factory.mktemp("bank")
    server = start(load_settings(home=home, business="dummy-bank", encoder="none"))
    try:
        page = context.new_page()
        page.goto(server.url)
        page.get_by_role("textbox", name="Your message").fill("EMI of a personal loan of 3 lakh for 3 years")
        page.keyboard.press("Enter")
        with page.expect_download() as fetched:
            page.get_by_role("link", name="Download the repayment table").click()
        assert fetched.value.suggested_filename == "repayment-table.csv"
        assert fetched.value.path().read_text().startswith("month,")
    finally:
        stop(server)
