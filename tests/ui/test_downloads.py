"""The repayment table of a loan, fetched from the chat that asked for it and from no other."""

from __future__ import annotations

from io import BytesIO

import pytest
from openpyxl import load_workbook
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
        assert f"./files/{told.id}/1" in str(Chat(app, News(app.shared.bell)).bubbles([told]))
        with TestClient(create_server(app)) as client:
            path = f"/files/{told.id}/1"
            assert client.get(path).status_code == 404
            client.cookies.set(COOKIE, token)
            found = client.get(path)
            assert "attachment" in found.headers["content-disposition"]
            assert "repayment-table.xlsx" in found.headers["content-disposition"]
            assert found.headers["x-content-type-options"] == "nosniff"
            _, *rows = load_workbook(BytesIO(found.content)).worksheets[0].iter_rows(values_only=True)
            assert len(rows) == 36
            assert sum(round(row[3] * 100) for row in rows) == 300_000_00
            assert rows[-1][4] == 0
            for wrong in (f"{asked.id}/1", f"{told.id}/2", f"{told.id}/0", f"{10**30}/1", f"{told.id}", f"{told.id}/x"):
                assert client.get(f"/files/{wrong}").status_code in (404, 422)
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
            page.get_by_role("link", name="Download: Repayment table").click()
        assert fetched.value.suggested_filename == "repayment-table.xlsx"
        assert load_workbook(BytesIO(fetched.value.path().read_bytes())).worksheets[0]["A1"].value == "Month"
    finally:
        stop(server)
