"""Office files are zip archives: what is asked of one before it is opened."""

from __future__ import annotations

import io
import zipfile
import zlib

from munshi.knowledge.base import LoadError

MAX_XML = 256 * 1024 * 1024

FAULTS = (
    zipfile.BadZipFile, zlib.error, ArithmeticError, AssertionError, AttributeError, LookupError, NotImplementedError,
    OSError, RecursionError, SyntaxError, TypeError, ValueError,
)  # fmt: skip
"""What the readers of office files raise on a damaged one. lxml's own errors are SyntaxErrors and ValueErrors."""


def open_package(data: bytes, source: str, suffix: str) -> zipfile.ZipFile:
    """The archive in an office file.

    Raises LoadError where it is none, is locked by a password (an archive inside another container), or would unpack
    to more than `MAX_XML` bytes.
    """
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise LoadError(f"{source}: an old or a locked file; open it and save it as {suffix} without a password")
    try:
        package = zipfile.ZipFile(io.BytesIO(data))
    except FAULTS as error:
        raise LoadError(f"{source}: not a {suffix} file; open it and save it again as {suffix}") from error
    size = sum(info.file_size for info in package.infolist() if info.filename.endswith((".xml", ".rels")))
    if size > MAX_XML:
        raise LoadError(f"{source}: unpacks to {size >> 20} MB, over the limit of {MAX_XML >> 20}; split the file")
    return package
