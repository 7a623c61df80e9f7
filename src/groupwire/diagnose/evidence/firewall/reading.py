"""Runs the programs that list the firewall's rules; they list and change nothing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from groupwire.diagnose.evidence.firewall.iptables import parse_iptables
from groupwire.diagnose.evidence.firewall.nftables import parse_devices, parse_nftables
from groupwire.diagnose.evidence.firewall.rules import Chain, Firewall

__all__ = ["MAX_SECONDS", "read_firewall", "signs_of"]

MAX_SECONDS = 2.0
"""So long each program may take to list its rules."""

# Where these programs are kept and an ordinary user's PATH does not look.
_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
# A table that nft made: of its chains iptables-save shows nothing, and others that are
# not there (iptables-nft(8)).
_FOREIGN = re.compile(r"^# Table `(\w+)' .*incompatible", re.MULTILINE)
_IPTABLES = (("iptables", 4), ("ip6tables", 6))


def read_firewall(*, allowed: bool) -> Firewall:
    """Return all rules, where it is ``allowed``; else what shows that there are any."""
    active = signs_of()
    if not allowed:
        return Firewall(active=active)
    reading = _Reading()
    reading.all()
    return Firewall(
        chains=tuple(reading.chains),
        read=tuple(reading.read),
        hidden=tuple(reading.hidden),
        active=active,
    )


@dataclass(slots=True)
class _Reading:
    """What was read so far, and what could not be."""

    chains: list[Chain] = field(default_factory=list[Chain])
    read: list[str] = field(default_factory=list[str])
    hidden: list[str] = field(default_factory=list[str])

    def all(self) -> None:
        through_nft: list[Chain] = []
        for name, version in _IPTABLES:
            if (text := self._listed(f"{name}-save")) is not None:
                foreign = set(_FOREIGN.findall(text))
                chains = [
                    one
                    for one in parse_iptables(text, tool=name, version=version)
                    if one.table not in foreign
                ]
                through_nft += chains if "(nf_tables)" in text else ()
                self.chains += chains
            # The older kind beside the newer one, where that is what `iptables` is.
            if text and "(nf_tables)" not in text:
                continue
            if (text := self._listed(f"{name}-legacy-save")) is not None:
                tool = f"{name}-legacy"
                self.chains += parse_iptables(text, tool=tool, version=version)
        self._nft({(chain.family, chain.table) for chain in through_nft})

    def _nft(self, told: set[tuple[str, str]]) -> None:
        """Read nft's list without what iptables, which writes there too, has told."""
        command = "nft -j list ruleset"
        text = self._listed(command)
        if text is None:
            why = "the program nft, which lists the firewall's rules, is not installed"
            self.hidden += [] if shutil.which("nft", path=_PATH) else [why]
            return
        try:
            chains = parse_nftables(text)
        except ValueError:
            self.hidden.append(f"`{command}` printed what is no JSON")
            return
        chains = tuple(c for c in chains if (c.family, c.table) not in told)
        self.chains += self._with_devices(chains)

    def _with_devices(self, chains: tuple[Chain, ...]) -> Iterable[Chain]:
        """Return them with their interfaces, which older nft tells in text alone."""
        if not any(_lacks_devices(one) for one in chains):
            return chains
        text = self._listed("nft list chains netdev") or ""
        found = parse_devices(text)
        return (
            replace(one, devices=found.get((one.table, one.name), ()))
            if _lacks_devices(one)
            else one
            for one in chains
        )

    def _listed(self, command: str) -> str | None:
        words = command.split()
        program = shutil.which(words[0], path=_PATH)
        if program is None:
            return None
        try:
            done = subprocess.run(
                [program, *words[1:]],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=MAX_SECONDS,
                check=True,
            )
        except (OSError, subprocess.SubprocessError) as error:
            self.hidden.append(f"`{command}` did not list the firewall: {_why(error)}")
            return None
        self.read.append(command)
        return done.stdout.decode("utf-8", "replace")


def _lacks_devices(chain: Chain) -> bool:
    return chain.family == "netdev" and chain.hook is not None and not chain.devices


def _why(error: Exception) -> str:
    if isinstance(error, subprocess.CalledProcessError):
        lines = (error.stderr or b"").decode("utf-8", "replace").splitlines()
        return lines[0] if lines else f"it ended with {error.returncode}"
    if isinstance(error, subprocess.TimeoutExpired):
        return f"it took longer than {MAX_SECONDS:g} s"
    return str(error)


def signs_of(root: Path = Path("/")) -> tuple[str, ...]:
    """Return what anybody can see of a firewall."""
    return tuple(_signs(root))


def _signs(root: Path) -> Iterator[str]:

    ufw = root / "etc/ufw/ufw.conf"
    try:
        if "ENABLED=yes" in ufw.read_text("utf-8", "replace"):
            yield "ufw is switched on (/etc/ufw/ufw.conf)"
    except OSError:
        pass
    for name in ("firewalld", "nftables", "iptables", "netfilter-persistent"):
        unit = f"sys/fs/cgroup/system.slice/{name}.service"
        if (root / unit).exists():
            yield f"{name} is running (/{unit})"
