"""``push`` delivers to the reference implementation, which knows NORM and no more."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from random import Random

import pytest
from tests.interop.deliveries import (
    by_name,
    digests,
    libnorm,
    pull,
    push,
    stored,
)
from tests.interop.dissector import complaints
from tests.interop.norm import (
    NEEDS_LIBNORM,
    NEEDS_TSHARK,
    Wire,
    finished,
    let_go,
    write_pcap,
)
from tests.lab.harness import Laboratory
from tests.lab.harness.commands import Told, told

from groupwire.norm.wire.commands import CongestionProbe, Flush
from groupwire.norm.wire.feedback import Ack, Nack
from groupwire.norm.wire.objects import Data, Info

pytestmark = NEEDS_LIBNORM

_TREE = {
    "photos/one.jpg": 180_000,
    "photos/deep/er/two.jpg": 90_001,
    "photos/dünn, mit Komma": 1400,
    "photos/empty": 0,
}
_ALONE = {"letter.txt": 5000}
_OBJECTS = len(_TREE) + len(_ALONE) + 1
"""With the manifest."""


def _write(directory: Path) -> dict[str, bytes]:
    """Make the files, and return what is in them."""
    dice = Random(4)
    files = {n: dice.randbytes(size) for n, size in {**_TREE, **_ALONE}.items()}
    for name, data in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_bytes(data)
    return files


def _receipts(pushed: Told) -> dict[str, str]:
    """Return the status of each receipt."""
    return {line["member"]: line["status"] for line in pushed.all("receipt")}


def _known(found: Iterable[tuple[str, str, str]]) -> set[tuple[str, str, str]]:
    """Return complaints other than that of ``test_norm_dissector``."""
    known = ("Protocol", "NORM", "FEC Encoding ID < 128, should be zero")
    return set(found) - {known}


@pytest.mark.parametrize("loss", [0, 5])
def test_files_reach_libnorm_and_a_pull_under_their_names(
    lab: Laboratory, tmp_path: Path, loss: int
) -> None:
    a, b, c = lab.segment(3)
    files = _write(tmp_path / "source")
    pulling = pull(b, tmp_path / "b")
    listening = libnorm(c, "--count", _OBJECTS, "--rx-loss", loss)
    paths = (tmp_path / "source" / name for name in ("photos", "letter.txt"))
    pushing = push(a, *paths, "--expect", f"{b.v4},{c.v4}")
    pushed, received = finished(pushing, listening)
    pulled = told(pulling)
    assert (pushed.code, pulled.code, received.code) == (0, 0, 0), (pushed, received)
    assert by_name(received) == digests(files)
    assert stored(tmp_path / "b") == files
    assert _receipts(pushed) == {b.name: "verified", c.v4: "acknowledged"}
    assert sorted(pushed.end["delivered"]) == sorted([b.name, c.v4])
    assert (pushed.end["complete"], pushed.end["missing"]) == (True, [])


def test_an_absent_one_is_missing_by_its_address(
    lab: Laboratory, tmp_path: Path
) -> None:
    a, b, absent = lab.segment(3)
    files = _write(tmp_path / "source")
    listening = libnorm(b, "--count", _OBJECTS)
    paths = (tmp_path / "source" / name for name in ("photos", "letter.txt"))
    who = ("--expect", f"{b.v4},{absent.v4}", "--patience", 2)
    pushed, received = finished(push(a, *paths, *who), listening)
    assert pushed.code == 1
    assert by_name(received) == digests(files)
    assert _receipts(pushed)[b.v4] == "acknowledged"
    assert (pushed.end["delivered"], pushed.end["missing"]) == ([b.v4], [absent.v4])


@NEEDS_TSHARK
def test_tshark_can_read_all_the_norm_of_a_push(
    lab: Laboratory, tmp_path: Path
) -> None:
    a, b = lab.segment(2)
    _write(tmp_path / "source")
    listening = libnorm(b, "--count", len(_TREE) + 1, "--rx-loss", 5)
    with Wire(a) as wire:
        pushing = push(a, tmp_path / "source" / "photos", "--expect", b.v4)
        pushed = told(pushing, within=20)
        packets = wire.packets()
    let_go(listening)
    assert pushed.code == 0, pushed
    kinds = {type(packet.message) for packet in packets}
    assert kinds >= {Data, Info, Flush, CongestionProbe, Nack, Ack}
    capture = tmp_path / "push.pcap"
    write_pcap(capture, packets)
    assert _known(complaints(capture)) == set()
