"""Asks, looks, tries, looks again, and has all of it judged. It changes nothing."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from time import monotonic

from groupwire.diagnose.asking import ask
from groupwire.diagnose.check import ELSEWHERE, Check, Question, Scene, Stop, Trial
from groupwire.diagnose.commands import Shell
from groupwire.diagnose.evidence import gather, gather_again
from groupwire.diagnose.finding import Diagnosis, Looked
from groupwire.diagnose.trials.watching import paused
from groupwire.errors import MachineError
from groupwire.values import Group

__all__ = ["WATCH_S", "ask", "examine", "run", "shell_here"]

WATCH_S = 1.0
"""So long at least lies between the two looks at what the system counts."""
GRACE_S = 1.0
"""So long trials may go on that are soon over anyway, when all is to end."""


async def run(
    group: Group | str | None = None,
    *,
    interface: str | int | None = None,
    ttl: int = 1,
    listen_s: float = 0.0,
    peer: IPv4Address | IPv6Address | str | None = None,
    soak_minutes: float = 0.0,
) -> Diagnosis:
    """Return what is wrong with a group on this machine.

    ``listen_s`` is how long to wait for a querier, ``peer`` the address of a machine
    where ``groupwire doctor --serve`` runs, ``soak_minutes`` how long to stay joined.
    AddressError for what is no group, InterfaceError for an interface that is not
    there.
    """
    question = ask(
        group,
        interface,
        ttl_hops=ttl,
        peer=peer,
        listen_s=listen_s,
        soak_s=soak_minutes * 60,
    )
    return await examine(question)


async def examine(
    question: Question,
    *,
    trials: Iterable[Trial] | None = None,
    checks: Iterable[Check] | None = None,
    watch_s: float = WATCH_S,
    stop: Stop | None = None,
) -> Diagnosis:
    """Answer one question; without ``trials`` and ``checks`` with all there are.

    Once ``stop`` is set, it ends within a second with what was seen so far.
    """
    from groupwire.diagnose.checks import ALL as ALL_CHECKS
    from groupwire.diagnose.trials import ALL as ALL_TRIALS

    begun, stop = monotonic(), stop or asyncio.Event()
    before = await asyncio.to_thread(gather, _ways(question), root=question.root)
    trials = tuple(ALL_TRIALS if trials is None else trials)
    seen = await _tried(question, trials, watch_s, stop)
    after = await asyncio.to_thread(gather_again, before)
    scene = Scene(question=question, before=before, after=after, trials=seen)
    looked = _looked(scene, ALL_CHECKS if checks is None else checks, shell_here())
    took_s = monotonic() - begun
    return Diagnosis(
        (*looked, _broken_off(took_s)) if stop.is_set() else looked, took_s
    )


def _broken_off(took_s: float) -> tuple[str, Looked]:
    why = (
        f"what longer looking would have shown: it was interrupted after {took_s:.0f} s"
    )
    return "Interrupted", Looked(at=(), unsure=(why,))


def shell_here() -> Shell:
    """Return what the user types into, as far as it can be told."""
    # Who used sudo goes on in a shell of their own.
    own = os.geteuid() == 0 and "SUDO_UID" not in os.environ
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    sysctl, sudo = (
        shutil.which(name, path=path) is not None for name in ("sysctl", "sudo")
    )
    return Shell(root=own, sysctl=sysctl, sudo=sudo)


async def _tried(
    question: Question, trials: Sequence[Trial], watch_s: float, stop: Stop
) -> Sequence[object]:
    async with asyncio.TaskGroup() as group:
        watch = group.create_task(paused(watch_s, stop))
        tasks = [group.create_task(_safely(trial, question, stop)) for trial in trials]
        cut = group.create_task(_cut(tasks, stop))
        await asyncio.wait([watch, *tasks])
        cut.cancel()
    return [one for task in tasks if not task.cancelled() for one in task.result()]


async def _cut(tasks: Sequence[asyncio.Task[Sequence[object]]], stop: Stop) -> None:
    """Wait for the word to end, and then for the trials, but not for long."""
    await stop.wait()
    if tasks:
        await asyncio.wait(tasks, timeout=GRACE_S)
    for task in tasks:
        task.cancel()


async def _safely(trial: Trial, question: Question, stop: Stop) -> Sequence[object]:
    """Try it; what this machine refuses is no reason to hear nothing of the rest."""
    try:
        return await trial.run(question, stop)
    except (OSError, MachineError) as error:
        return [_Failed(type(trial).__name__, str(error))]


@dataclass(frozen=True, slots=True)
class _Failed:
    trial: str
    why: str


def _looked(
    scene: Scene, checks: Iterable[Check], shell: Shell
) -> tuple[tuple[str, Looked], ...]:
    looked = [(type(check).__name__, shell.fit(check.look(scene))) for check in checks]
    for failed in scene.seen(_Failed):
        why = f"this could not be tried: {failed.why}"
        looked.append((failed.trial, Looked(at=(), unsure=(why,))))
    return tuple(looked)


def _ways(question: Question) -> list[IPv4Address | IPv6Address]:
    """Return the addresses whose routes decide."""
    group = question.group
    ways = (group.ip, group.source, question.peer, ELSEWHERE)
    return [ip for ip in ways if ip is not None]
