"""Work in memory, each variant in a process of its own, by turns.

A variant is a function that makes everything ready and returns its turn; a turn does
the work and returns what it measured: processor time, which others that run on the same
machine do not lengthen, but for the caches that they use.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from multiprocessing.connection import Connection
from time import process_time
from typing import TypeAlias

from ..network import Host
from ..stats import Samples
from ..worker import Worker

__all__ = ["Turn", "Variant", "calls_per_s", "measure"]

Turn: TypeAlias = Callable[[], float]
Variant: TypeAlias = tuple[Callable[..., Turn], tuple[object, ...]]
"""What prepares a turn, and its arguments."""

_TURN_S = 0.03


def measure(host: Host, variants: Mapping[str, Variant], rounds: int) -> Samples:
    """Let all variants have their turn in each round."""
    samples = Samples()
    with ExitStack() as stack:
        workers = {
            label: stack.enter_context(Worker(_serve, prepare, *arguments, host=host))
            for label, (prepare, arguments) in variants.items()
        }
        for worker in workers.values():
            worker.receive()
        for _ in range(rounds):
            for label, worker in workers.items():
                samples.add(label, [worker.ask()])
    return samples


def _serve(pipe: Connection, prepare: Callable[..., Turn], *arguments: object) -> None:
    turn = prepare(*arguments)
    turn()  # what is done for the first time takes longer
    pipe.send("ready")
    while True:
        pipe.recv()
        pipe.send(turn())


def calls_per_s(work: Callable[[], object]) -> float:
    """Repeat ``work`` for a short while; return how often a second it was done."""
    started = process_time()
    work()
    count = max(1, int(_TURN_S / max(process_time() - started, 1e-7)))
    started = process_time()
    for _ in range(count):
        work()
    return count / (process_time() - started)
