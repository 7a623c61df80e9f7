"""Draws `groupwire doctor` as a picture: a host of the laboratory with a firewall.

.venv/bin/python -m docs.pictures.doctor
"""

from __future__ import annotations

import sys

from docs.pictures.terminal import ENVIRONMENT, draw, record
from rich.text import Text
from tests.lab.harness import Laboratory
from tests.lab.harness.rights import need

RULES = """table inet filter {
    chain input {
        type filter hook input priority 0; policy drop;
        ct state established,related accept
        iif lo accept
        ip protocol igmp accept
        tcp dport 22 accept
    }
}
"""
# The machine that draws may be a container; the one in the picture is none.
COMMAND = """
import sys
from groupwire.cli.app import main
from groupwire.diagnose.evidence import gathering
from groupwire.diagnose.evidence.surroundings import Place
gathering.read_place = Place
sys.exit(main(["doctor"]))
"""


def main() -> None:
    need()
    with Laboratory() as lab:
        (a,) = lab.segment(1)
        a.run("nft", "-f", "-", text=RULES)
        with a:
            said = record(
                [sys.executable, "-c", COMMAND],
                environment={**ENVIRONMENT, "SUDO_UID": "1000"},
            )
    draw("doctor", ("$ sudo groupwire doctor\n", "bold"), Text.from_ansi(said))


if __name__ == "__main__":
    main()
