"""Objects to and from NRL's reference implementation of NORM, Debian's libnorm1."""

from __future__ import annotations

import pytest
from tests.interop.norm import (
    BOTH_WAYS,
    LIBNORM,
    NEEDS_LIBNORM,
    OURS,
    Way,
    Wire,
    ack_status,
    digests,
    exchange,
    lost,
    objects,
)
from tests.lab.harness import Laboratory

from groupwire.norm.wire.feedback import Nack
from groupwire.norm.wire.head import ObjectFlag
from groupwire.norm.wire.objects import Data

pytestmark = NEEDS_LIBNORM

_FEW_IN_HUNDRED = ("--tx-loss", 5)
"""Of what is sent, lost by the library's own dice or by the lossy port."""


@BOTH_WAYS
@pytest.mark.parametrize(
    "code",
    [
        pytest.param("--parity 0", id="no parity"),
        pytest.param("--parity 8 --auto-parity 4", id="parity behind each block"),
        pytest.param(
            "--parity 10 --block 20 --segment 300", id="parity when asked for"
        ),
        pytest.param("--fec 2", id="fec 2"),
        pytest.param("--fec 129 --auto-parity 2 --block 7", id="fec 129"),
    ],
)
def test_objects_and_infos_arrive_whole_in_spite_of_loss(
    lab: Laboratory, way: Way, code: str
) -> None:
    # 98 segments of 1024 make two blocks of 49, and no block is a full one; the last
    # segment is short.
    what = {"size": 100_003, "count": 3, "seed": 7}
    sent, received = exchange(
        lab,
        way,
        *(f"--{name}={value}" for name, value in what.items()),
        *code.split(),
        *("--ack", 2, "--info", b"an info".hex(), *_FEW_IN_HUNDRED),
        receiving=["--count", 3, "--rx-loss", 5, *_FEW_IN_HUNDRED],
    )
    assert objects(received) == digests(**what)
    assert [o["info"] for o in received.all("object")] == [b"an info".hex()] * 3
    assert ack_status(sent) == {2: "SUCCESS"}
    ours = sent if way.sender == OURS else received
    assert lost(ours)["lost-sent" if way.sender == OURS else "lost-received"]


@BOTH_WAYS
def test_without_loss_nothing_is_asked_for(lab: Laboratory, way: Way) -> None:
    a, b = lab.segment(2)
    with Wire(a) as wire:
        sent, received = exchange(
            lab, way, "--size", 200_000, "--ack", 2, hosts=[a, b], receiving=_NOW
        )
        messages = [packet.message for packet in wire.packets()]
    assert objects(received) == digests(size=200_000)
    assert ack_status(sent) == {2: "SUCCESS"}
    assert not [m for m in messages if isinstance(m, Nack)]
    data = [m for m in messages if isinstance(m, Data)]
    assert len(data) == len({m.payload_id for m in data}) == -(-200_000 // 1024)


_NOW = ("--sync", "current")
"""Who wants what was before asks for it."""


@pytest.mark.parametrize("parity", [0, 16])
def test_libnorm_is_repaired_with_parity_as_far_as_there_is_any(
    lab: Laboratory, parity: int
) -> None:
    a, b = lab.segment(2)
    with Wire(a) as wire:
        way = Way(OURS, LIBNORM)
        options = ("--size", 300_000, "--parity", parity, "--ack", 2)
        exchange(lab, way, *options, hosts=[a, b], receiving=["--rx-loss", 5])
        data = [p.message for p in wire.packets() if isinstance(p.message, Data)]
    again = [m for m in data if m.flags & ObjectFlag.REPAIR]
    explicit = [m for m in again if m.flags & ObjectFlag.EXPLICIT]
    # 293 segments in five blocks of 59 and 58; of 16 parity symbols a block needs 3.
    fresh = [m for m in again if m.payload_id.symbol >= 58]
    assert again
    assert (explicit, fresh) == ((again, []) if not parity else ([], again))


@BOTH_WAYS
def test_hundreds_of_small_objects_arrive_each_once(lab: Laboratory, way: Way) -> None:
    what = {"size": 700, "count": 400, "seed": 3}
    sent, received = exchange(
        lab,
        way,
        *(f"--{name}={value}" for name, value in what.items()),
        *("--ack", 2, *_FEW_IN_HUNDRED),
        receiving=["--count", 400, "--rx-loss", 5],
    )
    assert objects(received) == digests(**what)
    assert ack_status(sent) == {2: "SUCCESS"}


@BOTH_WAYS
def test_files_are_told_from_data(lab: Laboratory, way: Way) -> None:
    name = b"a-file".hex()
    _, received = exchange(lab, way, "--files", "--info", name, "--ack", 2)
    (file,) = received.all("object")
    assert (file["kind"], file["info"], file["size"]) == ("FILE", name, 10_000)
    assert objects(received) == digests(size=10_000)


def test_an_object_without_a_byte_reaches_libnorm(lab: Laboratory) -> None:
    way = Way(OURS, LIBNORM)
    sent, received = exchange(lab, way, "--size", 0, "--ack", 2)
    assert objects(received) == digests(size=0)
    assert ack_status(sent) == {2: "SUCCESS"}


def test_an_object_without_a_byte_comes_from_libnorm_as_its_info(
    lab: Laboratory,
) -> None:
    # The library sends no DATA of it, and crashes where somebody is to acknowledge it.
    options = ("--size", 0, "--info", b"all there is".hex(), "--robust", 20)
    _, received = exchange(lab, Way(LIBNORM, OURS), *options)
    (empty,) = received.all("object")
    assert (empty["size"], empty["info"]) == (0, b"all there is".hex())


def test_libnorm_may_tell_of_its_code_in_infos_alone(lab: Laboratory) -> None:
    a, b = lab.segment(2)
    options = ("--fti-in-info", "--info", b"the code".hex(), "--size", 100_000)
    with Wire(b) as wire:
        _, received = exchange(
            lab,
            Way(LIBNORM, OURS),
            *(*options, "--count", 2, "--ack", 2),
            receiving=["--rx-loss", 5, "--count", 2],
            hosts=[a, b],
        )
        data = [p.message for p in wire.packets() if isinstance(p.message, Data)]
    assert data
    assert not [m for m in data if m.extensions.info]
    assert objects(received) == digests(size=100_000, count=2)
