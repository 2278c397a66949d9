"""A shop whose papers have something of everything: a conflict, an offer that is over, HTML, Hindi, a code."""

from __future__ import annotations

from pathlib import Path

from munshi.bot.scaffold import create_pack

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)> $$x$$ **bold** [press](javascript:alert(3))"

_PAPERS = {
    "delivery.md": "# Delivery\n\n## Pune\n\nDelivery to Pune takes 4 days and costs ₹180.\n\n"
    "## Nashik\n\nDelivery to Nashik takes 6 days and costs ₹210.\n\n"
    "## Error 503\n\nError 503 at the gate means that the delivery van is late.\n",
    "fees-2024.md": "# Fees\n\nEffective from 1 January 2024.\n\nThe minimum balance of a savings account is ₹1,000.\n",
    "fees-2026.md": "# Fees\n\nEffective from 1 April 2026.\n\nThe minimum balance of a savings account is ₹3,000.\n",
    "offer.md": "# Diwali offer\n\nValid until 31 December 2020.\n\nThe Diwali offer gives a free umbrella.\n",
    "hostile.md": f"# Umbrella stand\n\nThe umbrella stand is by the door. {HOSTILE}\n",
    "hindi.md": "# वापसी\n\nछाता सात दिन में वापस किया जा सकता है।\n",
}


def create(folder: Path) -> Path:
    """The pack of the shop, in a new folder."""
    pack = create_pack(folder, name="Umbrella Shop")
    for paper in (pack / "knowledge").iterdir():
        paper.unlink()
    for name, text in _PAPERS.items():
        (pack / "knowledge" / name).write_text(text, encoding="utf-8")
    return pack
