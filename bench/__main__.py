"""``python -m bench [CASE...] [--quick] [--write-docs]``: speed beside the peers."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import filter as matching

from . import machine, record
from .cases import CASES
from .network import open_network
from .outcome import Case, Outcome, Settings
from .table import goal_cells, goal_head, plain_text, tables


def main() -> None:
    options = _options()
    # A user's Python keeps what it has compiled, and so do the programs measured here.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    cases = [CASES[name] for name in options.cases]
    facts = machine.describe()
    print(plain_text((("machine", ""), list(facts.items()))))
    network = open_network()
    print(f"  network: {network.where}", flush=True)
    if options.quick:
        print("  a look: small, once; the limits are those of the whole bench")
    settings = Settings(network, options.quick)
    found = {case: _measure(case, settings) for case in cases}
    _print_goals(found)
    if options.write_docs:
        record.write(facts, network.where, found)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Speed beside the peers; a peer that is missing is told.",
        epilog="\n".join(_epilog()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "cases", nargs="*", metavar="CASE", help="all, unless some are named"
    )
    parser.add_argument("--quick", action="store_true", help="a look, for CI")
    parser.add_argument(
        "--write-docs", action="store_true", help="write pages and pictures in docs/"
    )
    options = parser.parse_args()
    unknown = [word for word in options.cases if not matching(CASES, word)]
    if unknown:
        parser.error(f"no such case: {', '.join(unknown)}")
    options.cases = _named(options.cases)
    whole = record.fills_pages(options.cases, CASES)
    if options.write_docs and (options.quick or not whole):
        parser.error(
            "--write-docs needs the whole bench, or all cases of a page: "
            "one run, one machine"
        )
    return options


def _named(words: Sequence[str]) -> list[str]:
    """Return the cases that words stand for, in their usual order."""
    named = {name for word in words for name in matching(CASES, word)}
    return [name for name in CASES if name in named or not words]


def _epilog() -> Iterator[str]:
    yield "cases:"
    width = max(map(len, CASES))
    yield from (f"  {name:{width}}  {case.title}" for name, case in CASES.items())
    families = " or ".join(f"'{beginning}*'" for beginning in record.FAMILIES)
    yield f"\nall of a page: {families}, or all others by name"


def _measure(case: Case, settings: Settings) -> Outcome:
    print(f"\n{case.title}", flush=True)
    outcome = case.run(settings)
    for table in tables(outcome):
        print(plain_text(table))
    for note in outcome.notes:
        print(f"  {note}")
    return outcome


def _print_goals(found: Mapping[Case, Outcome]) -> None:
    goals = [goal_cells(g) for outcome in found.values() for g in outcome.goals]
    print(f"\n{plain_text((goal_head, goals))}")


if __name__ == "__main__":
    main()
