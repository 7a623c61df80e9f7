"""Plays many trials on all processors; a seed that fails is told with its replay."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import fields

from groupwire.testing.swarm.alarm import OverdueError, alarm
from groupwire.testing.swarm.scenario import Scenario
from groupwire.testing.swarm.trial import Outcome, Trial

__all__ = ["main", "play", "play_all"]

_BATCH = 25
_MOST_TOLD = 20
_MOST_S = 60.0
"""Of real time: a trial takes a fraction of a second."""


def play(seed: int) -> Outcome:
    """Play one trial; one that takes too long is ended, and that is a wrong."""
    try:
        with alarm(_MOST_S):
            return Trial(Scenario.of(seed)).run()
    except OverdueError as overdue:
        wrong = f"takes more than {_MOST_S:g} s: {overdue.where}"
        return Outcome(seed, (wrong,), 0.0, 0, 0, 0, 0, "")


def play_all(seeds: Iterable[int], *, jobs: int) -> Iterator[Outcome]:
    """Play trials side by side; iterate over what came of them, in order."""
    if jobs == 1:
        yield from map(play, seeds)
        return
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(play, seeds, chunksize=_BATCH)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return 1 where a promise was broken."""
    options = _parser().parse_args(arguments)
    if options.replay is not None:
        return _replay(options.replay, log=options.log)
    return _swarm(options)


def _swarm(options: Namespace) -> int:
    seeds = range(options.first, options.first + options.seeds)
    failed = delivered = lost = refused = datagrams = 0
    for outcome in play_all(seeds, jobs=options.jobs):
        delivered += outcome.delivered
        lost += outcome.lost
        refused += outcome.refused
        datagrams += outcome.datagrams
        if outcome.wrongs:
            failed += 1
            if failed <= _MOST_TOLD:
                _tell_failure(outcome)
    _say(
        f"{len(seeds)} seeds from {options.first}: {delivered} objects delivered, "
        f"{lost} named as lost, {refused} refused for their digest, "
        f"{datagrams} datagrams sent"
    )
    _say(f"{len(seeds) - failed} passed, {failed} failed")
    return 1 if failed else 0


def _tell_failure(outcome: Outcome) -> None:
    _say(f"seed {outcome.seed}: {'; '.join(outcome.wrongs[:5])}")
    replay = f"-m groupwire.testing.swarm --replay {outcome.seed} --log"
    _say(f"  replay: {sys.executable} {replay}")


def _replay(seed: int, *, log: bool) -> int:
    scenario = Scenario.of(seed)
    trial = Trial(scenario, keep_log=log)
    outcome = trial.run()
    if log:
        sys.stdout.write(trial.lab.log.text)
    for field in fields(scenario):
        _say(f"{field.name}: {getattr(scenario, field.name)}")
    _say(str(outcome))
    return 1 if outcome.wrongs else 0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="python -m groupwire.testing.swarm", description=__doc__
    )
    parser.add_argument("--seeds", type=int, default=200, help="how many")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--replay", type=int, metavar="SEED", help="play one, tell all")
    parser.add_argument("--log", action="store_true", help="and print every datagram")
    return parser


if __name__ == "__main__":
    sys.exit(main())
