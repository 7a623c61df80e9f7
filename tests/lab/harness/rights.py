"""What the laboratory needs of this machine: two programs and the right to build."""

from __future__ import annotations

import ctypes
import fcntl
import os
import shutil
import socket
import struct
from collections.abc import Callable
from functools import cache
from pathlib import Path

__all__ = ["NEW_NET", "NoLaboratoryError", "call", "need"]

NEW_USER, NEW_NET = 0x1000_0000, 0x4000_0000
_SIOCSIFFLAGS, _IFF_UP = 0x8914, 1
_PROGRAMS = {"ip": "iproute2", "bridge": "iproute2", "nft": "nftables"}
_libc = ctypes.CDLL(None, use_errno=True)

# Debian keeps these programs where an ordinary user's PATH does not look.
os.environ["PATH"] = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"


class NoLaboratoryError(Exception):
    """No laboratory can be built here; the text says what would do."""


def call(name: str, *arguments: object) -> None:
    """Call the C library; OSError where it fails."""
    if getattr(_libc, name)(*arguments) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")


@cache
def need() -> None:
    """Get the right to build namespaces; NoLaboratoryError where there is none.

    As root nothing changes. An ordinary user's process becomes root of a user
    namespace of its own, which is possible only before any thread has started.
    """
    lacking = {p: k for p, k in _PROGRAMS.items() if shutil.which(p) is None}
    if lacking:
        raise NoLaboratoryError(
            f"there is no program {', '.join(lacking)}; on Debian: "
            f"apt-get install {' '.join(sorted(set(lacking.values())))}"
        )
    if (why := _tried(_build)) is None:
        return
    if (problem := _tried(_become_root, _build)) is not None:
        raise NoLaboratoryError(
            f"not root ({why}), and no user namespace is to be had ({problem}); "
            "run it as root"
        )
    _become_root()


def _build() -> None:
    """Do in small what every namespace needs: make one, and set something in it."""
    call("unshare", NEW_NET)
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")


def _tried(*actions: Callable[[], None]) -> str | None:
    """Try it in a child, which leaves no trace; return what went wrong."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            for action in actions:
                action()
        except OSError as error:
            os.write(writing, str(error).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        problem = answer.read()
    os.waitpid(child, 0)
    return problem or None


def _become_root() -> None:
    user, group = os.getuid(), os.getgid()
    call("unshare", NEW_USER | NEW_NET)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"0 {user} 1")
    Path("/proc/self/gid_map").write_text(f"0 {group} 1")
    # The new network namespace is empty, and its loopback down.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        up = struct.pack("16sH22x", b"lo", _IFF_UP)
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, up)
