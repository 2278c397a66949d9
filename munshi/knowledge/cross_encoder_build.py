"""Building a cross-encoder's graph: `python -m munshi.knowledge.cross_encoder_build FOLDER TARGET PRECISION`."""

from __future__ import annotations

import sys
from pathlib import Path

from munshi.knowledge.cross_encoder_folder import cross_encoder_folder, write_cross_encoder
from munshi.knowledge.encoder_build import main
from munshi.knowledge.weights import Precision


def write_graph(spec: str, target: Path, precision: Precision) -> None:
    """Write the graph of the cross-encoder in the folder `spec`. Raises EncoderError."""
    write_cross_encoder(cross_encoder_folder(Path(spec)), target, precision)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], write_graph))
