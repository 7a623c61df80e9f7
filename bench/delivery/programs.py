"""The programs that deliver files, and how each is called for the same job."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from shutil import which

from ..network import Host

__all__ = [
    "GROUPWIRE",
    "LIBNORM",
    "PIPE",
    "PROGRAMS",
    "UDPCAST",
    "UFTP",
    "UFTP_AS_IT_COMES",
    "Job",
    "Program",
    "at_rate",
    "groupwire",
]

_GROUP = "239.255.42.99"
groupwire = str(Path(sys.executable).with_name("groupwire"))
"""Our command, of the Python that runs the bench."""


@dataclass(frozen=True, slots=True)
class Job:
    """One file to be delivered from a host to others, into a directory each."""

    file: Path
    sender: Host
    receivers: Sequence[Host]
    into: Sequence[Path]
    rate_mbit: int | None = None
    """What the sender is told, for programs that have to be told."""


class Program(ABC):
    """How to call one program."""

    name = ""
    package = ""
    """What Debian calls it; empty for ours."""
    group = _GROUP
    stays = False
    """Whether receivers go on running when a delivery is over."""
    rates_mbit: Sequence[int] = ()
    """Those among which the best is chosen for each cell; none: it finds its own."""

    @abstractmethod
    def available(self) -> bool: ...

    @abstractmethod
    def send(self, job: Job) -> list[str]: ...

    @abstractmethod
    def receive(self, job: Job, number: int) -> list[str]: ...

    def received(self, job: Job, number: int) -> Path:
        """Return where the file is in the end."""
        return job.into[number] / job.file.name


class Groupwire(Program):
    name = "groupwire"

    def available(self) -> bool:
        return True

    def send(self, job: Job) -> list[str]:
        count = str(len(job.receivers))
        where = ["-g", f"{self.group}:10001", "-i", job.sender.interface]
        return [groupwire, "push", str(job.file), "-e", count, *where, "--json"]

    def receive(self, job: Job, number: int) -> list[str]:
        where = ["-g", f"{self.group}:10001", "-i", job.receivers[number].interface]
        into, name = str(job.into[number]), f"member{number}"
        return [groupwire, "pull", "--into", into, "--name", name, *where, "--json"]


class Pipe(Groupwire):
    """Our command for streams, from the file and into one."""

    name = "groupwire pipe"

    def send(self, job: Job) -> list[str]:
        count, where = str(len(job.receivers)), self._where(job.sender)
        command = [groupwire, "pipe", "--send", "-q", "-e", count, *where]
        return ["sh", "-c", 'exec "$@" <"$0"', str(job.file), *command]

    def receive(self, job: Job, number: int) -> list[str]:
        command = [groupwire, "pipe", "--receive", "-q", "-n", f"member{number}"]
        command += self._where(job.receivers[number])
        into = str(self.received(job, number))
        return ["sh", "-c", 'exec "$@" >"$0"', into, *command]

    def _where(self, host: Host) -> list[str]:
        return ["-g", f"{self.group}:10005", "-i", host.interface]


class Libnorm(Program):
    """NRL's reference implementation, by the thinnest of drivers."""

    name = "libnorm (reference NORM)"
    package = "libnorm1"
    group = "239.255.42.98"
    rates_mbit = (200, 400, 800)

    def available(self) -> bool:
        from tests.interop.libnorm import is_there

        return is_there()

    def send(self, job: Job) -> list[str]:
        nodes = ",".join(str(n + 2) for n in range(len(job.receivers)))
        rate = str((job.rate_mbit or 800) * 1_000_000)
        return self._driver(job.sender, "send", str(job.file), nodes, rate)

    def receive(self, job: Job, number: int) -> list[str]:
        into, node = str(job.into[number]), str(number + 2)
        return self._driver(job.receivers[number], "receive", into, node)

    def _driver(self, host: Host, *words: str) -> list[str]:
        where = [self.group, "6003", host.interface]
        return [sys.executable, "-m", "bench.delivery.reference", *where, *words]


class Uftp(Program):
    name = "UFTP"
    package = "uftp"
    group = "239.255.42.97"
    stays = True
    rates_mbit = (800, 1600, 3200)
    fast_start: Sequence[str] = ("-r", "0.01:0.005:0.5")
    """Instead of half a second for each round at first."""

    def available(self) -> bool:
        return which("uftp") is not None and which("uftpd") is not None

    def send(self, job: Job) -> list[str]:
        rate = str((job.rate_mbit or 800) * 1000)
        ids = ",".join(f"0x{n + 1:08X}" for n in range(len(job.receivers)))
        private = "239.255.42.96"
        groups = ["-M", self.group, "-P", private, "-I", job.sender.interface]
        patient = ["-B", "4194304", "-b", "1400", *self.fast_start]
        return ["uftp", "-R", rate, *groups, "-H", ids, *patient, str(job.file)]

    def receive(self, job: Job, number: int) -> list[str]:
        host, into = job.receivers[number], job.into[number]
        temporary = into.with_name(into.name + ".tmp")
        temporary.mkdir(exist_ok=True)
        who = ["-I", host.interface, "-M", self.group, "-U", f"0x{number + 1:08X}"]
        where = ["-D", str(into), "-T", str(temporary), "-B", "4194304"]
        return ["uftpd", "-d", *who, *where]


class UftpAsItComes(Uftp):
    name = "UFTP, its own round trips"
    fast_start = ()


class Udpcast(Program):
    name = "udpcast"
    package = "udpcast"
    group = "239.255.42.95"

    def available(self) -> bool:
        return which("udp-sender") is not None

    def send(self, job: Job) -> list[str]:
        count = str(len(job.receivers))
        begin = ["--min-receivers", count, "--nokbd", "--no-progress"]
        groups = [f"--mcast-rdv-address={self.group}"]
        where = ["--interface", job.sender.interface, "--portbase", "9000"]
        # A switch: by itself it takes the cable for one that is used in turn.
        switched = ["--full-duplex", "--blocksize", "1400"]
        file = ["--file", str(job.file)]
        return ["udp-sender", *file, *begin, *groups, *where, *switched]

    def receive(self, job: Job, number: int) -> list[str]:
        where = ["--interface", job.receivers[number].interface, "--portbase", "9000"]
        into = ["--file", str(self.received(job, number)), "--nokbd", "--no-progress"]
        more = [f"--mcast-rdv-address={self.group}", "--rcvbuf", "4m"]
        return ["udp-receiver", *into, *where, *more]


GROUPWIRE, LIBNORM, UFTP, UDPCAST = Groupwire(), Libnorm(), Uftp(), Udpcast()
UFTP_AS_IT_COMES, PIPE = UftpAsItComes(), Pipe()
PROGRAMS: tuple[Program, ...] = (GROUPWIRE, LIBNORM, UFTP, UDPCAST)


def at_rate(job: Job, rate_mbit: int | None) -> Job:
    """Return the same job for a sender that is told another rate."""
    return replace(job, rate_mbit=rate_mbit)
