"""``python -m bench.scale [--quick] [--write-docs]``: groups of up to 100,000.

Simulations with fixed seeds, whose numbers do not depend on the machine: how many
receivers ask, and how often a packet is sent.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .charts import draw_scale
from .core import feedback, repair
from .table import Table, figure, markdown, plain_text

__all__ = ["main"]

_DOCS = Path(__file__).resolve().parent.parent / "docs"
_CROWDS = {10: 2000, 100: 1000, 1000: 400, 10_000: 400, 100_000: 200}
"""Receivers, and how many crowds of them miss a packet."""
_BLOCKS = {1: 100, 10: 40, 100: 10, 1000: 3}
"""Receivers, and the blocks of the object that they are sent."""
_SEEDS = (1, 2, 3)
_TITLE = "# Large groups"
_INTRODUCTION = """\
<!-- Written by `python -m bench.scale --write-docs`; edit bench/, not this page. -->

What a group of 10 or of 100,000 receivers asks of its sender, by simulation with fixed
seeds: every run of `python -m bench.scale` gives the same numbers on every machine.

![NACKs for a lost packet, and transmissions of a packet, against the size of the
group](benchmarks/scale.svg)

## All miss the same packet

How many NACKs are sent when all receivers miss the same packet at the same time. Each
waits at random, up to K round trips of the group, and stays silent when it learns that
another has asked: after half a round trip where NACKs are multicast, after a whole one
where they go to the sender alone and it tells the group. RFC 5401's analysis expects
N = exp(1.2 L d / T), with L = ln G + 1 for G receivers, d the time until all know of a
NACK, and T the K round trips. The waiting and the silence are those of the receiver's
own class; the messages are left out, so that 100,000 fit into a minute."""
_REPAIR = f"""\
## Each loses by itself

How often each packet is sent, all in all, until every receiver has everything, when
each loses {100 * repair.LOSS:.0f} % of the packets independently of the others. A
sender and all receivers are the real cores in a simulated network with a round trip of
10 ms and no other faults; blocks have {repair.BLOCK} packets. No protocol with such a
code can do better, in the mean, than the greatest of as many negative binomials as
there are receivers, divided by the length of a block. Where lost packets are sent again
themselves, without parity, the best is the sum of 1 - (1 - p^k)^G over k from 0 on, for
G receivers and the loss p."""
Found = dict[str, dict[int, dict[str, Any]]]


def main() -> None:
    options = _options()
    crowds, blocks, seeds = _CROWDS, _BLOCKS, list(_SEEDS)
    if options.quick:
        crowds = {size: 20 for size in crowds if size <= 10_000}
        blocks, seeds = {1: 5, 10: 5, 100: 2}, [1]
    asked = _ask(crowds)
    sent = _send(blocks, seeds)
    for table in (*_feedback_tables(asked), _repair_table(sent)):
        print(f"\n{plain_text(table)}")
    if options.write_docs:
        _write(asked, sent)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a look: small groups")
    parser.add_argument("--write-docs", action="store_true", help="write docs/scale.md")
    options = parser.parse_args()
    if options.write_docs and options.quick:
        parser.error("--write-docs needs all sizes")
    return options


def _ask(crowds: Mapping[int, int]) -> Found:
    found: Found = {}
    for way in feedback.WAYS:
        for receivers, runs in crowds.items():
            print(f"{way.label}: {receivers:,} receivers, {runs} runs", flush=True)
            asked = feedback.measure(way, receivers, runs)
            found.setdefault(way.label, {})[receivers] = asdict(asked)
    return found


def _send(blocks: Mapping[int, int], seeds: list[int]) -> Found:
    found: dict[int, dict[str, Any]] = {}
    for receivers, count in blocks.items():
        print(
            f"{receivers:,} receivers, {count} blocks, seeds {seeds}",
            flush=True,
        )
        found[receivers] = asdict(repair.measure(receivers, count, seeds))
    return {"repair": found}


def _feedback_tables(asked: Found) -> Iterator[Table]:
    for label, sizes in asked.items():
        yield (
            (label, "mean", "expected", "99th percentile", "runs"),
            [
                (
                    f"{size:,}",
                    figure(one["mean"]),
                    figure(one["expected"]),
                    figure(one["percentile_99"]),
                    f"{one['runs']:,}",
                )
                for size, one in sizes.items()
            ],
        )


def _repair_table(sent: Found) -> Table:
    head = ("receivers", "sent", "spread", "expected", "sent / expected", "no parity")
    return head, [
        (
            f"{size:,}",
            f"{one['mean']:.3f}",
            f"{one['low']:.3f} to {one['high']:.3f}",
            f"{one['expected']:.3f}",
            f"{one['mean'] / one['expected']:.3f}",
            f"{one['without_parity']:.3f}",
        )
        for size, one in sent["repair"].items()
    ]


def _write(asked: Found, sent: Found) -> None:
    pictures = _DOCS / "benchmarks"
    pictures.mkdir(parents=True, exist_ok=True)
    draw_scale(asked, sent["repair"], pictures / "scale.svg")
    text = json.dumps({"feedback": asked, **sent}, indent=1, ensure_ascii=False)
    (pictures / "scale.json").write_text(text + "\n")
    page = (
        _TITLE,
        _INTRODUCTION,
        *map(markdown, _feedback_tables(asked)),
        _REPAIR,
        markdown(_repair_table(sent)),
        f"Seeds {', '.join(map(str, _SEEDS))}: the spread is that of the seeds, and "
        "a few blocks may be luckier than the mean.",
    )
    (_DOCS / "scale.md").write_text("\n\n".join(page) + "\n")


if __name__ == "__main__":
    main()
