"""Records the demo as a picture: runs it in a terminal and draws what it said.

.venv/bin/python -m docs.pictures.record
"""

from __future__ import annotations

import sys

from docs.pictures.terminal import draw, record
from rich.text import Text


def main() -> None:
    said = record([sys.executable, "-m", "groupwire", "demo"])
    draw("demo", ("$ groupwire demo\n", "bold"), Text.from_ansi(said))


if __name__ == "__main__":
    main()
