"""Where this machine stands: in a container, in a cloud, in Windows.

Hints are looked for where each of them leaves its mark; reading needs no permission.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from groupwire.diagnose.evidence.surroundings import Place

__all__ = ["Marks", "place_of", "read_marks", "read_place"]


@dataclass(frozen=True, slots=True)
class Marks:
    """The texts that tell, by the file where they stand; empty: not there."""

    cgroup: str = ""
    release: str = ""
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    files: frozenset[str] = frozenset()
    dmi: Mapping[str, str] = field(default_factory=dict[str, str])


_CGROUP, _RELEASE = "/proc/1/cgroup", "/proc/sys/kernel/osrelease"
_DMI = "/sys/class/dmi/id"
_FILES = {
    "/.dockerenv": "Docker",
    "/run/.containerenv": "Podman",
    "/dev/lxd/sock": "LXD",
}
_IN_CGROUP = {
    "kubepods": "Kubernetes",
    "docker": "Docker",
    "libpod": "Podman",
    "lxc": "LXC",
    "containerd": "containerd",
    "garden": "Garden",
}
_VARIABLES = ("KUBERNETES_SERVICE_HOST", "ECS_CONTAINER_METADATA_URI_V4", "container")
_CLOUDS = {
    "Amazon EC2": "Amazon EC2",
    "Google Compute Engine": "Google Cloud",
    # The tag by which Azure marks its machines, whatever the vendor says.
    "7783-7084-3265-9085-8269-3286-77": "Microsoft Azure",
    "DigitalOcean": "DigitalOcean",
    "Hetzner": "Hetzner Cloud",
    "Alibaba Cloud": "Alibaba Cloud",
    "Tencent Cloud": "Tencent Cloud",
    "OracleCloud.com": "Oracle Cloud",
    "Scaleway": "Scaleway",
    "Vultr": "Vultr",
    "Linode": "Akamai (Linode)",
    "OVHcloud": "OVHcloud",
    "Exoscale": "Exoscale",
}


def read_place() -> Place:
    """Return where this machine stands, as far as it can be told."""
    return place_of(read_marks())


def read_marks(root: Path = Path("/")) -> Marks:
    """Read all places where a mark may be."""
    dmi = root / _DMI.lstrip("/")
    names = ("sys_vendor", "product_name", "board_vendor", "chassis_asset_tag")
    return Marks(
        cgroup=_read(root / _CGROUP.lstrip("/")),
        release=_read(root / _RELEASE.lstrip("/")),
        environment={
            name: os.environ[name] for name in _VARIABLES if name in os.environ
        },
        files=frozenset(one for one in _FILES if (root / one.lstrip("/")).exists()),
        dmi={name: _read(dmi / name).strip() for name in names},
    )


def place_of(marks: Marks) -> Place:
    """Say what the marks mean."""
    containers, clouds = dict(_containers(marks)), dict(_clouds(marks))
    wsl = "microsoft" in marks.release.lower()
    kubernetes = "Kubernetes" in containers
    evidence = [*containers.values(), *clouds.values()]
    if wsl:
        evidence.append(f"{_RELEASE}: {marks.release.strip()}")
    return Place(
        container="Kubernetes" if kubernetes else next(iter(containers), ""),
        cloud=next(iter(clouds), ""),
        wsl=wsl,
        kubernetes=kubernetes,
        evidence=tuple(evidence),
    )


def _containers(marks: Marks) -> Iterator[tuple[str, str]]:
    for file, name in _FILES.items():
        if file in marks.files:
            yield name, f"{file} exists"
    for word, name in _IN_CGROUP.items():
        if word in marks.cgroup:
            yield name, f"{_CGROUP}: {word}"
    for variable, value in marks.environment.items():
        yield _by_variable(variable, value), f"${variable} is set"


def _by_variable(variable: str, value: str) -> str:
    if variable == "container":
        return value or "container"
    return "Kubernetes" if variable.startswith("KUBERNETES") else "Amazon ECS"


def _clouds(marks: Marks) -> Iterator[tuple[str, str]]:
    for name, text in marks.dmi.items():
        if cloud := _CLOUDS.get(text):
            yield cloud, f"{_DMI}/{name}: {text}"


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""
