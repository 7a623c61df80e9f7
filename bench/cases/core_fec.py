"""Reed-Solomon: Python alone, ISA-L through ctypes, and zfec."""

from __future__ import annotations

from ..core import fec
from ..core.turns import measure
from ..outcome import Case, Outcome, Row, Settings

__all__ = ["CASE"]

_WORKS = {"make {} parity symbols": fec.make, "fill {} gaps": fec.fill}


def run(settings: Settings) -> Outcome:
    """Measure every library in each round."""
    here = fec.libraries()
    variants = {
        f"{work.format(count)}, {library}": (prepare, (library, count))
        for work, prepare in _WORKS.items()
        for count in fec.COUNTS
        for library in here
    }
    samples = measure(settings.network.loopback, variants, settings.pick(15, 3))
    outcome = Outcome()
    outcome.rows = [
        Row(label, samples.of(label), "MB/s", ours=fec.ZFEC not in label)
        for label in variants
    ]
    missing = [library for library in fec.LIBRARIES if library not in here]
    if missing:
        outcome.notes.append(f"Not on this machine: {', '.join(missing)}.")
    outcome.notes.append(
        "zfec's decoder has another interface: it takes exactly 64 symbols, source "
        "symbols in their own places and parity in the gaps, and returns the whole "
        "block. groupwire takes what arrived, by number, and returns the gaps alone."
    )
    return outcome


CASE = Case(
    name="core-fec",
    title="Parity",
    about=(
        f"Blocks of {fec.SOURCE} symbols of {fec.SYMBOL} bytes: parity made, and as "
        "many lost symbols found again, in MB of source a second. groupwire needs "
        "nothing but Python, and takes Intel's ISA-L where the system has it. zfec, "
        "which is measured here and used nowhere, makes the same bytes."
    ),
    run=run,
    axis="MB/s of source",
)
