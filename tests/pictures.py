"""Small real pictures, as a phone would send them."""

from __future__ import annotations

from io import BytesIO

from PIL import Image


def picture(colour: str = "teal", kind: str = "JPEG") -> bytes:
    """A picture of one colour."""
    content = BytesIO()
    Image.new("RGB", (48, 32), colour).save(content, kind)
    return content.getvalue()
