"""PIN codes that stand with two areas: told with both lines, unless the one range lies within the other on purpose."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from munshi.bot.business import check_business, find_business

HEAD = "area,pins,charge,included_kg,extra_per_kg,free_from,days_min,days_max,cod_up_to,not_sent\n"


@pytest.mark.parametrize(
    ("first", "second", "shared"),
    [
        ("400701-400710", "400705-400720", "400705-400710"),
        ("400701-400710", "400710-400720", "400710"),
        ("400703", "400703", "400703"),
        ("400614|400701-400710", "400600|400701-400710", "400701-400710"),
        ("400701-400710", "400001-400999", ""),
        ("400701-400710", "400701-400703", ""),
        ("400701-400710", "400705", ""),
        ("400701-400710|400705-400720", "400800", ""),
        ("400701", "400702", ""),
    ],
)
def test_pin_codes_of_two_areas_are_told_with_both_lines(tmp_path: Path, first: str, second: str, shared: str) -> None:
    pack = Path(shutil.copytree(find_business("auto-parts"), tmp_path / "shop"))
    for areas in ((first, second), (second, first)):
        rows = "".join(f"Area {number},{pins},60,,,,0,1,,\n" for number, pins in enumerate(areas))
        (pack / "records" / "delivery.csv").write_text(HEAD + rows, encoding="utf-8")
        told = [fault for fault in check_business(pack) if fault.file == "records/delivery.csv"]
        assert [(fault.severity, fault.line) for fault in told] == [("warning", 3)] * bool(shared)
        assert all(f"{shared} stands on line 2 too" in fault.message for fault in told)
