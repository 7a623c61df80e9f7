"""Groups watched over real multicast on loopback."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence

import pytest
from tests.aio.places import Foreign, run, until
from tests.probe.flow.packets import rtp

from groupwire import aio
from groupwire.aio.probing import watch_sockets
from groupwire.errors import AddressError, InterfaceError, UsageError
from groupwire.net.links.watch import AddressesChanged, LinkChange, LinkGone
from groupwire.probe.flow import WatchReport
from groupwire.values import Datagram, Group


async def heard(watching: aio.Watching, packets: int) -> WatchReport:
    """Return the first report by which so many packets have come to each group."""
    async for report in watching:
        if all(group.total.packets >= packets for group in report.groups):
            return report
    raise AssertionError("the watch has ended")


@pytest.mark.usefixtures("no_leaks")
def test_what_comes_is_told_by_source(group: str, foreign: Foreign) -> None:
    async def work() -> WatchReport:
        async with aio.watch(group, interval=0.05) as watching:
            (joined,) = watching.joined
            assert str(joined.group) == group
            assert joined.receive_buffer > 0
            for number in (0, 1, 2, 3, 4, 5, 8):
                foreign.say(rtp(number))
            return await heard(watching, 7)

    report = run(work())
    (heard_group,) = report.groups
    (source,) = heard_group.sources
    assert source.source.host == "127.0.0.1"
    assert report.interfaces[source.interface] == "lo"
    assert (source.form, source.total.packets, source.total.lost) == ("RTP", 7, 2)
    assert (source.ttl_hops, source.size_range) == (1, (100, 100))
    assert heard_group.refused == {}


def test_many_groups_are_watched_at_once(group: str) -> None:
    address, port = group.split("%lo:")
    last = address.replace("78.1", "78.60")

    async def work() -> WatchReport:
        groups = [f"{address}:{port}+60"]
        async with aio.watch(groups, interval=0.05, interface="lo") as watching:
            with Foreign(f"{last}:{port}") as member:
                member.say(b"hello")
                async for report in watching:
                    if report.packets:
                        return report
            raise AssertionError

    report = run(work())
    active = [str(g.group) for g in report.groups if g.total.packets]
    assert (len(report.groups), active) == (60, [f"{last}:{port}"])


def test_a_watch_ends_after_its_duration(group: str) -> None:
    async def work() -> list[WatchReport]:
        watching = aio.watch(group, interval=0.04, duration=0.1)
        return [report async for report in watching]

    reports = run(work())
    assert len(reports) == 3
    assert reports[-1].elapsed_s >= 0.1


@pytest.mark.usefixtures("no_leaks")
def test_who_breaks_off_leaves_the_groups(group: str) -> None:
    async def work() -> None:
        async for _ in aio.watch(group, interval=0.02):
            break

    run(work())


@pytest.mark.usefixtures("no_leaks")
def test_a_watch_that_is_closed_ends_the_iteration(group: str) -> None:
    async def work() -> int:
        async with aio.watch(group, interval=5.0) as watching:
            asyncio.get_running_loop().call_later(0.02, watching.close)
            count = len([report async for report in watching])
            watching.close()
            return count

    assert run(work()) == 0


def test_the_rest_can_be_looked_at_any_time(group: str, foreign: Foreign) -> None:
    async def work() -> WatchReport:
        async with aio.watch(group, interval=5.0) as watching:
            foreign.say(b"hello")
            await until(lambda: watching.look().groups[0].total.packets)
            return watching.look()

    report = run(work())
    assert (report.groups[0].total.packets, report.packets) == (1, 0)


def test_a_watch_that_has_not_begun_has_nothing_to_look_at(group: str) -> None:
    watching = aio.watch(group)
    assert watching.joined == ()
    watching.close()
    with pytest.raises(UsageError, match="not begun"):
        watching.look()


def test_all_that_arrives_goes_by_the_tap_first(group: str, foreign: Foreign) -> None:
    tapped: list[tuple[Group, Datagram]] = []

    def tap(to: Group, datagrams: Sequence[Datagram]) -> None:
        tapped.extend((to, datagram) for datagram in datagrams)

    async def work() -> None:
        async with aio.watch(group, interval=0.02, tap=tap) as watching:
            foreign.say(b"one")
            foreign.say(b"two")
            await heard(watching, 2)

    run(work())
    assert [(str(to), d.data) for to, d in tapped] == [(group, b"one"), (group, b"two")]


def test_a_trail_is_drawn_where_it_is_asked_for(group: str, foreign: Foreign) -> None:
    async def work() -> WatchReport:
        config = aio.WatchConfig(trail=True)
        async with aio.watch(group, interval=0.02, config=config) as watching:
            foreign.say(b"one")
            return await heard(watching, 1)

    assert run(work()).groups[0].sources[0].trail == "."


def test_a_group_that_cannot_be_joined_leaves_the_others(group: str) -> None:
    async def work() -> None:
        async with aio.watch([group, "239.1.1.1%nowhere9:5000"]):
            raise AssertionError

    with pytest.raises(InterfaceError):
        run(work())


def test_wrong_use_is_told_at_once(group: str) -> None:
    with pytest.raises(UsageError, match="above 0"):
        aio.watch(group, interval=0)
    with pytest.raises(UsageError, match="above 0"):
        aio.watch(group, duration=0)
    with pytest.raises(UsageError, match="above 0"):
        aio.watch(group, interval=math.nan)
    with pytest.raises(UsageError, match="above 0"):
        aio.watch(group, duration=math.nan)
    with pytest.raises(UsageError, match="no group"):
        aio.watch([])
    with pytest.raises(AddressError):
        aio.watch("10.0.0.1:5000")


def test_what_is_not_counted_is_told_by_reason(
    group: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_: object) -> list[dict[str, int]]:
        return [{"truncated": 3}, {}]

    monkeypatch.setattr(watch_sockets.Watched, "refused", refused)
    address, port = group.split("%lo:")

    async def work() -> WatchReport:
        groups = [f"{address}:{port}+2"]
        async with aio.watch(groups, interval=0.02, interface="lo") as watching:
            return watching.look()

    first, second = run(work()).groups
    assert (first.refused, second.refused) == ({"truncated": 3}, {})


def test_memberships_are_renewed_when_links_change(group: str) -> None:
    changes: list[list[LinkChange]] = [[], [AddressesChanged(1, "lo")]]
    told: list[object] = []

    async def work() -> None:
        watching = aio.watch(group, interval=5.0, on_change=told.append)
        async with watching:
            running = watching._running
            assert running is not None
            running.watched.links.poll = lambda: changes.pop(0)  # type: ignore[method-assign]
            running._links_changed()
            assert told == []
            running._links_changed()

    run(work())
    (event,) = told
    assert "addresses changed" in str(event)


def test_an_interface_that_goes_is_left_and_joined_again(
    group: str, foreign: Foreign
) -> None:
    async def work() -> WatchReport:
        async with aio.watch(group, interval=0.02) as watching:
            running = watching._running
            assert running is not None
            gone: list[LinkChange] = [LinkGone(1, "lo")]
            running.watched.links.poll = lambda: gone  # type: ignore[method-assign]
            running._links_changed()
            foreign.say(b"hello")
            return await heard(watching, 1)

    assert run(work()).groups[0].total.packets == 1
