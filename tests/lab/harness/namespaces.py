"""Network namespaces without a name: held by a descriptor, gone with the process."""

from __future__ import annotations

import fcntl
import os
import socket
import struct
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.lab.harness.process import Process
from tests.lab.harness.rights import NEW_NET, call, need

__all__ = ["Namespace"]

_SIOCGIFFLAGS, _IFF_RUNNING = 0x8913, 0x40


def _open_current() -> int:
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


class Namespace:
    """A network stack of its own; ``with namespace:`` moves the calling thread there.

    Sockets, threads and programs that are made inside stay inside.
    """

    def __init__(self, name: str) -> None:
        need()
        self.name = name
        self._homes: list[int] = []
        self._processes: list[Process] = []
        home = _open_current()
        try:
            call("unshare", NEW_NET)
            self._descriptor = _open_current()
        finally:
            call("setns", home, NEW_NET)
            os.close(home)
        # Duplicate detection would keep an address from use for a second.
        self.sysctl("ipv6.conf.default.accept_dad", 0)
        self.sysctl("ipv6.conf.default.router_solicitations", 0)
        self.ip("link set lo up")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"

    def __enter__(self) -> Self:
        self._homes.append(_open_current())
        call("setns", self._descriptor, NEW_NET)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        home = self._homes.pop()
        call("setns", home, NEW_NET)
        os.close(home)

    @property
    def path(self) -> str:
        """Where other programs find it, for ``ip ... netns PATH``."""
        return f"/proc/{os.getpid()}/fd/{self._descriptor}"

    def close(self) -> None:
        """End its programs and let it go."""
        for process in self._processes:
            process.close()
        os.close(self._descriptor)

    def run(self, *command: str, text: str | None = None) -> str:
        """Run a command that has to succeed; return its output."""
        with self:
            done = subprocess.run(
                command, input=text, text=True, capture_output=True, check=False
            )
        if done.returncode:
            raise RuntimeError(
                f"{self.name}: {' '.join(command)}: {done.stderr.strip()}\n{text or ''}"
            )
        return done.stdout

    def ip(self, *lines: str) -> None:
        """Run commands of ``ip`` in one process."""
        self.run("ip", "-batch", "-", text="\n".join(lines))

    def popen(self, *command: str, stdin: bytes | None = None) -> Process:
        """Start a program; it ends with the namespace at the latest."""
        with self:
            process = Process(command, stdin=stdin)
        self._processes.append(process)
        return process

    def python(self, *arguments: str, stdin: bytes | None = None) -> Process:
        """Start a Python program; it ends with the namespace at the latest."""
        with self:
            process = Process.python(*arguments, stdin=stdin)
        self._processes.append(process)
        return process

    def sysctl(self, key: str, value: object | None = None) -> str:
        """Return a setting below ``net``, after setting it where a value is given."""
        with self:
            path = Path("/proc/sys/net", key.replace(".", "/"))
            if value is not None:
                path.write_text(str(value))
            return path.read_text().strip()

    def table(self, name: str) -> list[list[str]]:
        """Return the words of each line of a table in ``/proc/net``."""
        with self:
            text = Path("/proc/thread-self/net", name).read_text()
        return [line.split() for line in text.splitlines()]

    def is_running(self, device: str) -> bool:
        """Whether packets can leave by an interface, beyond its being up."""
        with self.socket(socket.AF_INET) as any_socket:
            request = struct.pack("16sH22x", device.encode(), 0)
            answer = fcntl.ioctl(any_socket, _SIOCGIFFLAGS, request)
        (flags,) = struct.unpack_from("H", answer, 16)
        return bool(flags & _IFF_RUNNING)

    def socket(
        self, family: int, kind: int = socket.SOCK_DGRAM, protocol: int = 0
    ) -> socket.socket:
        """Make a plain socket there."""
        with self:
            return socket.socket(family, kind, protocol)
