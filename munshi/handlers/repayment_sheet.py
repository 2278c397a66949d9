"""A loan's repayment table as a workbook, which phones open and WhatsApp takes; of CSV neither is certain."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

from munshi.handlers.base import Phrases
from munshi.handlers.instalments import Instalment
from munshi.handlers.reply_file import XLSX, ReplyFile

_NAME = "repayment-table.xlsx"
_WIDTH = 16
_MONEY = "#,##0.00"


def repayment_sheet(rows: Sequence[Instalment], phrases: Phrases, language: str) -> ReplyFile:
    """Every instalment, a row each, in whole currency units; the heads of the columns are in `language`."""
    from openpyxl import Workbook
    from openpyxl.styles import Font

    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = phrases("loan_file", language)
    sheet.append(phrases("loan_file_columns", language).split(" | "))
    for row in rows:
        sheet.append([row.number, *(paise / 100 for paise in (row.paid, row.interest, row.principal, row.balance))])
    for cell in sheet[1]:
        cell.font = Font(bold=True)
        sheet.column_dimensions[cell.column_letter].width = _WIDTH
    for cells in sheet.iter_rows(min_row=2, min_col=2):
        for cell in cells:
            cell.number_format = _MONEY
    sheet.freeze_panes = "A2"
    written = BytesIO()
    book.save(written)
    return ReplyFile.of(written.getvalue(), name=_NAME, title=sheet.title, mime_type=XLSX)
