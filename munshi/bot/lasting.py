"""What lasts as long as the process, kept out of the garbage collector's sight."""

from __future__ import annotations

import gc


def leave_alone_what_lasts() -> None:
    """Have the collector look over what is there once, and pass it by from here on.

    Libraries, models and records are several hundred thousand objects. To go through them all takes half a second, in
    which every thread stands still, and would come again and again while messages are answered. What was passed by
    before and is of no more use is let go.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
