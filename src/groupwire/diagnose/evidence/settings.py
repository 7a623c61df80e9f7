"""Reads settings below ``/proc/sys/net``."""

from __future__ import annotations

import stat
from pathlib import Path

from groupwire.diagnose.evidence.surroundings import Settings

__all__ = ["SYSTEM", "LinkSettings", "read_number", "read_settings"]

SYSTEM = Path("/proc/sys/net")


def read_settings(root: Path = SYSTEM) -> Settings:
    """Return what holds for the whole machine."""
    return Settings(
        rp_filter=read_number(root / "ipv4/conf/all/rp_filter"),
        force_igmp=read_number(root / "ipv4/conf/all/force_igmp_version") or 0,
        force_mld=read_number(root / "ipv6/conf/all/force_mld_version") or 0,
        memberships=read_number(root / "ipv4/igmp_max_memberships"),
        sources=read_number(root / "ipv4/igmp_max_msf"),
        sources6=read_number(root / "ipv6/mld_max_msf"),
        buffer_default_bytes=read_number(root / "core/rmem_default"),
        buffer_most_bytes=read_number(root / "core/rmem_max"),
        buffers_settable=_settable(root / "core/rmem_max"),
    )


class LinkSettings:
    """The settings of one interface, by its name."""

    def __init__(self, name: str, root: Path = SYSTEM) -> None:
        self._ipv4 = root / "ipv4/conf" / name
        self._ipv6 = root / "ipv6/conf" / name

    @property
    def rp_filter(self) -> int | None:
        """Its own, whatever that of ``all`` is."""
        return read_number(self._ipv4 / "rp_filter")

    @property
    def force_igmp(self) -> int:
        """0 leaves the version to the querier."""
        return read_number(self._ipv4 / "force_igmp_version") or 0

    @property
    def force_mld(self) -> int:
        """0 leaves the version to the querier."""
        return read_number(self._ipv6 / "force_mld_version") or 0

    @property
    def ipv6(self) -> bool:
        """Whether IPv6 is on."""
        return read_number(self._ipv6 / "disable_ipv6") == 0


def _settable(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & stat.S_IWUSR)
    except OSError:
        return False


def read_number(path: Path) -> int | None:
    """Return the number that stands in a file; None without one."""
    try:
        return int(path.read_text("ascii", "replace"))
    except (OSError, ValueError):
        return None
