"""One delivery by one program: receivers first, then the clock, then the sender."""

from __future__ import annotations

import filecmp
import os
import resource
import shutil
import signal
import subprocess
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from .programs import Job, Program
from .wires import Lossy, Toll, in_host, joined

__all__ = ["DeliveryError", "Run", "deliver"]

_ROOT = Path(__file__).resolve().parents[2]
_READY_S, _SETTLED_S, _NAMED_S = 20.0, 20.0, 2.0
_TICK = os.sysconf("SC_CLK_TCK")


class DeliveryError(Exception):
    """A program did not do what it was called for."""


@dataclass(frozen=True, slots=True)
class Run:
    """What one delivery took: the sender's command from start to exit."""

    seconds: float
    size_bytes: int
    sender_cpu_s: float
    sender_user_s: float
    receiver_cpu_s: float
    """Of all receivers together."""
    sender_rss_bytes: int
    receiver_rss_bytes: int
    """Of the largest of them; 0 where they stay."""
    tolls: tuple[Toll, ...]

    @property
    def mbytes_per_s(self) -> float:
        return self.size_bytes / self.seconds / 1e6

    @property
    def cpu_s_per_gbyte(self) -> float:
        """Of sender and receivers, for each gigabyte and receiver's side once."""
        return (self.sender_cpu_s + self.receiver_cpu_s) / (self.size_bytes / 1e9)

    @property
    def made(self) -> float:
        """The part of packets that was lost on purpose."""
        passed = sum(toll.passed for toll in self.tolls)
        return sum(toll.made for toll in self.tolls) / passed if passed else 0.0

    @property
    def overrun(self) -> int:
        """Packets (or joined packets) that found the receive buffer full."""
        return sum(toll.overrun for toll in self.tolls)


def deliver(program: Program, job: Job, wires: Lossy, limit_s: float = 60) -> Run:
    """Deliver once; raises DeliveryError where not everybody has the file."""
    with ExitStack() as stack:
        for into in job.into:
            shutil.rmtree(into, ignore_errors=True)
            into.mkdir(parents=True)
        receivers = [
            stack.enter_context(
                _Process(program.name, in_host(host, *program.receive(job, number)))
            )
            for number, host in enumerate(job.receivers)
        ]
        for receiver in receivers:
            _wait_until_joined(receiver, program)
        before = wires.tolls()
        spent = [receiver.cpu_s() for receiver in receivers]
        began = time.perf_counter()
        sender = stack.enter_context(
            _Process(program.name, in_host(job.sender, *program.send(job)))
        )
        usage = sender.wait(limit_s)
        seconds = time.perf_counter() - began
        if sender.code:
            raise DeliveryError(f"{program.name}: the sender ended with {sender.code}")
        receiving, resident = _receivers_used(program, receivers, spent)
        tolls = zip(wires.tolls(), before, strict=True)
        _compare(program, job)
        return Run(
            seconds,
            job.file.stat().st_size,
            usage.ru_utime + usage.ru_stime,
            usage.ru_utime,
            receiving,
            usage.ru_maxrss * 1024,
            resident,
            tuple(after.since(earlier) for after, earlier in tolls),
        )


def _receivers_used(
    program: Program, receivers: list[_Process], before: list[float]
) -> tuple[float, int]:
    """Return the processor time of all and the memory of the largest."""
    if program.stays:
        spent = sum(receiver.cpu_s() for receiver in receivers)
        return spent - sum(before), 0
    usages = [receiver.wait(_SETTLED_S) for receiver in receivers]
    spent = sum(usage.ru_utime + usage.ru_stime for usage in usages)
    return spent - sum(before), max(usage.ru_maxrss for usage in usages) * 1024


def _compare(program: Program, job: Job) -> None:
    for number in range(len(job.receivers)):
        there = program.received(job, number)
        who = f"{program.name}: receiver {number}"
        if not _comes(there):
            raise DeliveryError(f"{who} has not got the file")
        if not filecmp.cmp(job.file, there, shallow=False):
            raise DeliveryError(f"{who} has got something else")


def _comes(file: Path) -> bool:
    """Wait a little: a receiver that stays may name its file after its last word."""
    deadline = time.monotonic() + _NAMED_S
    while not file.exists():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def _wait_until_joined(receiver: _Process, program: Program) -> None:
    deadline = time.monotonic() + _READY_S
    while not joined(receiver.pid, program.group):
        if receiver.gone() or time.monotonic() > deadline:
            raise DeliveryError(f"{program.name}: a receiver has not joined")
        time.sleep(0.01)
    time.sleep(0.05)


class _Process:
    """A program that is ended when it is needed no longer."""

    def __init__(self, name: str, command: list[str]) -> None:
        self._name = name
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=_ROOT,
        )
        self.pid = self._process.pid
        self.code: int | None = None
        self._usage: resource.struct_rusage | None = None

    def gone(self) -> bool:
        return self._take(os.WNOHANG)

    def wait(self, limit_s: float) -> resource.struct_rusage:
        """Return what it has used; DeliveryError where it does not end in time."""
        deadline = time.monotonic() + limit_s
        while not self._take(os.WNOHANG):
            if time.monotonic() > deadline:
                raise DeliveryError(
                    f"{self._name}: still running after {limit_s:.0f} s"
                )
            time.sleep(0.0005)
        if self._usage is None:
            raise DeliveryError(f"{self._name}: it was waited for twice")
        return self._usage

    def cpu_s(self) -> float:
        """Return what it has used so far."""
        with suppress(OSError):
            stat = Path(f"/proc/{self.pid}/stat").read_text()
            fields = stat.rpartition(")")[2].split()
            return (int(fields[11]) + int(fields[12])) / _TICK
        return 0.0

    def _take(self, how: int) -> bool:
        if self.code is None:
            pid, status, usage = os.wait4(self.pid, how)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
                self._process.returncode = self.code
                self._usage = usage
        return self.code is not None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if not self.gone():
            self._process.send_signal(signal.SIGKILL)
            self._take(0)
