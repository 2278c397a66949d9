"""Markdown in WhatsApp's marks."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from munshi.bot.whatsapp.marks import to_marks


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("**Price**: ₹1,200", "*Price*: ₹1,200"),
        ("__bold__ and *it* and ***both***", "*bold* and _it_ and *_both_*"),
        ("## Warranty ##\n* one\n+ two **b**\n- three", "*Warranty*\n- one\n- two *b*\n- three"),
        ("[our page](https://a.b/c_d__e) ![](https://x.y/z.png)", "our page (https://a.b/c_d__e) https://x.y/z.png"),
        ("~~old~~ `a*b*c`\n```\n**x**\n```", "~old~ `a*b*c`\n```\n**x**\n```"),
        ("above\n---\nbelow", "above\nbelow"),
        ("5*3*2 = 30, 2 * 3 * 4 = 24, snake_case_name", "5*3*2 = 30, 2 * 3 * 4 = 24, snake_case_name"),
        ("#1 and C# and 10 # 20", "#1 and C# and 10 # 20"),
        ("[1] and [x](javascript:alert)", "[1] and [x](javascript:alert)"),
        ("", ""),
    ],
)
def test_what_becomes_of_markdown(text: str, marked: str) -> None:
    assert to_marks(text) == marked


@given(st.text(alphabet="ab1 *_~#[]()`-\n₹नमस्ते."))
def test_no_letter_and_no_figure_is_lost(text: str) -> None:
    assert re.findall(r"[^\W_]", to_marks(text)) == re.findall(r"[^\W_]", text)
