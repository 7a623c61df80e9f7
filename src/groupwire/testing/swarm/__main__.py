"""Plays many trials on all processors; a seed that fails is told with its replay."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import fields
from functools import partial

from groupwire.testing.swarm.alarm import OverdueError, alarm
from groupwire.testing.swarm.messages import Outcome as PlayOutcome
from groupwire.testing.swarm.messages import Play, World
from groupwire.testing.swarm.scenario import Scenario
from groupwire.testing.swarm.trial import Outcome, Trial

__all__ = ["main", "play", "play_all"]

_BATCH = 25
_MOST_TOLD = 20
_MOST_S = 60.0
"""Of real time: a trial takes a fraction of a second."""


def play(seed: int, *, messages: bool = False) -> Outcome | PlayOutcome:
    """Play one trial; one that takes too long is ended, and that is a wrong."""
    try:
        with alarm(_MOST_S):
            return _trial(seed, messages=messages).run()
    except OverdueError as overdue:
        wrong = f"takes more than {_MOST_S:g} s: {overdue.where}"
        outcome = PlayOutcome if messages else Outcome
        return outcome(seed, (wrong,), 0.0, 0, 0, 0, 0, "")


def play_all(
    seeds: Iterable[int], *, jobs: int, messages: bool = False
) -> Iterator[Outcome | PlayOutcome]:
    """Play trials side by side; iterate over what came of them, in order."""
    one = partial(play, messages=messages)
    if jobs == 1:
        yield from map(one, seeds)
        return
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(one, seeds, chunksize=_BATCH)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return 1 where a promise was broken."""
    options = _parser().parse_args(arguments)
    if options.replay is not None:
        return _replay(options)
    return _swarm(options)


def _trial(seed: int, *, messages: bool, keep_log: bool = False) -> Trial | Play:
    if messages:
        return Play(World.of(seed), keep_log=keep_log)
    return Trial(Scenario.of(seed), keep_log=keep_log)


def _swarm(options: Namespace) -> int:
    seeds = range(options.first, options.first + options.seeds)
    failed = 0
    sums: Counter[str] = Counter()
    for outcome in play_all(seeds, jobs=options.jobs, messages=options.messages):
        sums.update(_counts(outcome))
        if outcome.wrongs:
            failed += 1
            if failed <= _MOST_TOLD:
                _tell_failure(outcome)
    counts = ", ".join(f"{count} {what}" for what, count in sums.items())
    _say(f"{len(seeds)} seeds from {options.first}: {counts}")
    _say(f"{len(seeds) - failed} passed, {failed} failed")
    return 1 if failed else 0


def _counts(outcome: Outcome | PlayOutcome) -> dict[str, int]:
    """Return what is summed up of all trials, by its name."""
    if isinstance(outcome, PlayOutcome):
        return {
            "messages delivered": outcome.delivered,
            "told as lost": outcome.lost,
            "of publishers that could not say who they are": outcome.foreign,
            "datagrams sent": outcome.datagrams,
        }
    return {
        "objects delivered": outcome.delivered,
        "named as lost": outcome.lost,
        "refused for their digest": outcome.refused,
        "datagrams sent": outcome.datagrams,
    }


def _tell_failure(outcome: Outcome | PlayOutcome) -> None:
    _say(f"seed {outcome.seed}: {'; '.join(outcome.wrongs[:5])}")
    mode = "--messages " if isinstance(outcome, PlayOutcome) else ""
    replay = f"-m groupwire.testing.swarm {mode}--replay {outcome.seed} --log"
    _say(f"  replay: {sys.executable} {replay}")


def _replay(options: Namespace) -> int:
    trial = _trial(options.replay, messages=options.messages, keep_log=options.log)
    outcome = trial.run()
    if options.log:
        sys.stdout.write(trial.lab.log.text)
    drawn = trial.world if isinstance(trial, Play) else trial.scenario
    for field in fields(drawn):
        _say(f"{field.name}: {getattr(drawn, field.name)}")
    _say(str(outcome))
    return 1 if outcome.wrongs else 0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="python -m groupwire.testing.swarm", description=__doc__
    )
    parser.add_argument(
        "--messages", action="store_true", help="of publishers and subscribers"
    )
    parser.add_argument("--seeds", type=int, default=200, help="how many")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--replay", type=int, metavar="SEED", help="play one, tell all")
    parser.add_argument("--log", action="store_true", help="and print every datagram")
    return parser


if __name__ == "__main__":
    sys.exit(main())
