"""Many small files in one delivery, beside a delivery for each."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

from ..delivery.wires import Lossy
from ..network import Host
from ..outcome import Case, Goal, Outcome, Row, Settings
from ..stats import Samples
from ..worker import Worker
from .deliver import scratch

__all__ = ["CASE", "pull_all", "push_each", "push_together"]

_GROUP = "239.255.42.93:10001"
_SIZE = 4096
_TOGETHER, _EACH = "one push of all", "a push for each, awaited one after the other"


def run(settings: Settings) -> Outcome:
    outcome, samples = Outcome(), Samples()
    if not settings.network.private:
        outcome.notes.append("Not measured: it needs network namespaces.")
        return outcome
    files, few = settings.pick(10_000, 1000), settings.pick(100, 10)
    with scratch() as room:
        tree = room / "tree"
        _plant(tree, files)
        wires = Lossy(settings.network, 1, 0)
        for turn in range(settings.pick(5, 1)):
            together = _timed(wires, push_together, tree, files, room / f"t{turn}")
            each = _timed(wires, push_each, tree, few, room / f"e{turn}")
            samples.add(_TOGETHER, [files / together])
            samples.add(_EACH, [few / each])
    for name in samples.variants():
        ours = name == _TOGETHER
        outcome.rows.append(Row(name, samples.of(name), "files/s", ours=ours))
    ratio = samples.ratio(_TOGETHER, _EACH)
    text = f"{files:,} files of 4 kB, one push / a push for each"
    outcome.goals.append(Goal(text, 20, ratio, at_least=True))
    outcome.notes.append(f"The pushes for each were {few}, in one process.")
    return outcome


def _plant(tree: Path, files: int) -> None:
    for number in range(files):
        path = tree / f"{number // 100:03}" / f"{number:05}.bin"
        if not number % 100:
            path.parent.mkdir(parents=True)
        path.write_bytes(os.urandom(_SIZE))


def _timed(
    wires: Lossy, push: Callable[..., None], tree: Path, count: int, into: Path
) -> float:
    sender, member = wires.sender, wires.receivers[0]
    deliveries = 1 if push is push_together else count
    puller = Worker(pull_all, member, str(into), deliveries, host=member)
    with puller, Worker(push, sender, str(tree), count, host=sender) as pusher:
        puller.receive()
        pusher.receive()
        seconds: float = pusher.ask()
    return seconds


def pull_all(pipe: Connection, host: Host, into: str, count: int) -> None:
    """Be a member for so many deliveries."""
    import groupwire

    Path(into).mkdir()
    pipe.send("ready")
    groupwire.pull(_GROUP, into, count=count, name="m", interface=host.interface)


def push_together(pipe: Connection, host: Host, tree: str, _count: int) -> None:
    """Push the directory."""
    _push(pipe, host, [[f"{tree}/"]])


def push_each(pipe: Connection, host: Host, tree: str, count: int) -> None:
    """Push files one after the other."""
    files = sorted(Path(tree).rglob("*.bin"))[:count]
    _push(pipe, host, [[str(file)] for file in files])


def _push(pipe: Connection, host: Host, deliveries: list[list[str]]) -> None:
    import groupwire

    pipe.send("ready")
    pipe.recv()
    time.sleep(0.5)
    began = time.perf_counter()
    for paths in deliveries:
        report = groupwire.push(_GROUP, paths, expect={"m"}, interface=host.interface)
        report.raise_for_missing()
    pipe.send(time.perf_counter() - began)


CASE = Case(
    name="deliver-many",
    title="Many small files",
    about=(
        "Files of 4 kB to one member on another host: all in one delivery, and each in "
        "a delivery of its own from one process that awaits one before it starts the "
        "next."
    ),
    run=run,
    axis="files a second",
)
