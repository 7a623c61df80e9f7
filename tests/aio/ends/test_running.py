"""What a handle knows before and while it runs; its port when links change."""

from __future__ import annotations

import sys
from dataclasses import replace
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest
from tests.aio.delivery.cores import FakeHandle
from tests.aio.delivery.places import members
from tests.aio.places import run

from groupwire import aio
from groupwire.errors import MachineError, UsageError
from groupwire.net import MulticastSender, list_interfaces
from groupwire.net.links import LinkGone

pytestmark = pytest.mark.usefixtures("no_leaks")

LO = next(i for i in list_interfaces() if i.name == "lo")


class Told:
    """A watch that says that the loopback interface is gone."""

    def poll(self) -> list[LinkGone]:
        return [LinkGone(LO.index, "lo")]


def test_nothing_is_known_before_it_begins(group: str, tmp_path: Path) -> None:
    pushing = aio.push(group, tmp_path, name="sender")
    pulling = aio.pull(group, tmp_path, name="one")
    assert (pushing.name, pulling.name, pulling.reports) == ("sender", "one", ())
    for look in (
        lambda: pushing.tree,
        lambda: pushing.report,
        lambda: pushing.progress,
        lambda: pulling.progress,
    ):
        with pytest.raises(UsageError, match="has not begun"):
            look()


def test_the_report_grows(group: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"words")

    async def work() -> None:
        async with members(group) as begin:
            member = await begin(tmp_path / "in", "one")
            async with aio.push(group, tmp_path / "file", expect=1) as pushing:
                assert pushing.report.receipts == ()
                assert member.pulling.reports == ()
                assert (await pushing.finished()).complete
            report = await member.report()
            assert member.pulling.reports == (report,)

    run(work())


def test_a_dash_is_standard_input(
    group: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(b"said")))

    async def work() -> None:
        async with members(group) as begin:
            await begin(tmp_path / "in", "one")
            assert (await aio.push(group, "-", expect=1)).complete

    run(work())
    assert (tmp_path / "in" / "stdin").read_bytes() == b"said"
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(UsageError, match="no standard input"):
        aio.push(group, ["-"])


@pytest.mark.parametrize("refuses", [False, True])
def test_answers_leave_wherever_it_is_joined_now(
    group: str, monkeypatch: pytest.MonkeyPatch, refuses: bool
) -> None:
    aimed: list[object] = []

    def aim(_: MulticastSender, interfaces: object) -> None:
        aimed.append(interfaces)
        if refuses:
            raise MachineError("gone again")

    monkeypatch.setattr(MulticastSender, "aim", aim)
    moved = replace(LO, mtu_bytes=9000)

    async def work() -> None:
        async with FakeHandle(group) as handle:
            running = handle._running
            assert running is not None
            keeper = running._keeper
            watch, keeper._watch = keeper._watch, Told()  # type: ignore[assignment]
            keeper._sender, keeper._list = None, lambda: [moved]
            running._look_at_links()
            keeper._list = list
            running._look_at_links()
            keeper._watch = watch
            assert handle.core.interfaces == (moved,)
            assert aimed == [(moved,)]

    run(work())
