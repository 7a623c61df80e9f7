"""Draws `groupwire ping` as a picture: a responder in the laboratory, one way lossy.

.venv/bin/python -m docs.pictures.ping
"""

from __future__ import annotations

import sys

from docs.pictures.terminal import draw, record
from rich.text import Text
from tests.lab.harness import Laboratory
from tests.lab.harness.rights import need


def main() -> None:
    need()
    with Laboratory() as lab:
        a, b = lab.segment(2)
        serving = b.python(
            "-m", "groupwire", "ping", "--serve", "--name", "cam1", "--json"
        )
        serving.line('"serving"')
        a.link.lose(0.3, match="ip daddr 232.0.0.0/8")
        words = ["ping", b.v4, "--count", "6", "--interval", "0.3"]
        with a:
            said = record([sys.executable, "-m", "groupwire", *words])
    draw("ping", (f"$ groupwire {' '.join(words)}\n", "bold"), Text.from_ansi(said))


if __name__ == "__main__":
    main()
