"""What ``ping`` shows: answers as they come, and a line for each way in the end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from groupwire.cli.render.out import Out
from groupwire.cli.render.probing.quantities import in_time, percent
from groupwire.cli.render.text import escape, plural

if TYPE_CHECKING:
    from groupwire.aio.probing.ping import (
        MemberPinged,
        MemberReply,
        MembersStarted,
        Pinged,
        PingReply,
        PingServed,
        PingStarted,
    )
    from groupwire.probe.load.delays import Delays
    from groupwire.probe.ssmping import Leg

__all__ = ["PingedHosts", "PingedMembers", "Serving"]

_ROW = "  {:<9}  {:>7}  {:>6}  {:>7}  {:>7}  {:>7}  {:>7}  {:>7}"
_PERCENTILES = {"min": 0.0, "p50": 0.5, "p99": 0.99, "max": 1.0}


class PingedHosts:
    """Responders, each heard on two ways."""

    def __init__(self, out: Out) -> None:
        self._out = out
        self._results: list[Pinged] = []
        self.problems: list[str] = []
        self._replies = 0
        self.begun = False

    def take(self, event: PingStarted | PingReply) -> None:
        """Show who is asked, and every answer."""
        from groupwire.aio.probing.ping import PingStarted

        if isinstance(event, PingStarted):
            self.begun = True
            self._start(event)
        else:
            self._replies += 1
            self._reply(event)

    def result(self, pinged: Pinged, problems: Sequence[str]) -> None:
        """Show what a responder's answers come to."""
        self._results.append(pinged)
        self.problems += problems
        if self._out.json:
            self._out.event("summary", _summary(pinged))
            return
        who = escape(pinged.name or pinged.host)
        self._out.line(f"{who} ({pinged.address}): {plural(pinged.asked, 'question')}")
        for row in _table(pinged):
            self._out.line(row)

    def end(self) -> None:
        """Say the last, however it came to it."""
        if self._out.json:
            fields = {
                "replies": self._replies,
                "responders": [each.host for each in self._results],
                "problems": self.problems,
            }
            self._out.event("end", fields)
            return
        for problem in self.problems:
            self._out.complain(escape(problem))
        for pinged in self._results:
            if hint := _hint(pinged):
                self._out.complain(hint)

    def _start(self, event: PingStarted) -> None:
        if self._out.json:
            fields = {
                "host": event.host,
                "address": event.address,
                "group": str(event.group),
                "interfaces": list(event.interfaces),
                "size_bytes": event.size_bytes,
            }
            self._out.event("start", fields)
            return
        self._out.note(
            f"asking {escape(event.host)} ({event.address}), {event.size_bytes} bytes; "
            f"joined {event.group.on(None)} on {', '.join(event.interfaces)}"
        )

    def _reply(self, reply: PingReply) -> None:
        answer = reply.answer
        way = "multicast" if answer.multicast else "unicast"
        if self._out.json:
            fields = {
                "host": reply.host,
                "name": reply.name or None,
                "kind": way,
                "seq": answer.number,
                "rtt_s": round(answer.rtt_s, 7),
                "hops": answer.hops,
                "duplicate": answer.again,
            }
            self._out.event("reply", fields, at=reply.time)
            return
        who = escape(reply.name or reply.host)
        hops = "" if answer.hops is None else f"  {plural(answer.hops, 'router')}"
        again = "  once more" if answer.again else ""
        self._out.line(
            f"{way:>9}  {who}  #{answer.number}  {in_time(answer.rtt_s)}{hops}{again}"
        )


class PingedMembers:
    """Members, asked by multicast."""

    def __init__(self, out: Out) -> None:
        self._out = out
        self.problems: list[str] = []
        self.answering = 0
        self.begun = False

    def take(self, event: MembersStarted | MemberReply) -> None:
        """Show who is asked, and every answer."""
        from groupwire.aio.probing.ping import MembersStarted

        if isinstance(event, MembersStarted):
            self.begun = True
            self._start(event)
        else:
            self._reply(event)

    def result(self, pinged: MemberPinged, problems: Sequence[str]) -> None:
        """Show what a member's answers come to."""
        self.answering += bool(pinged.received)
        self.problems += problems
        if self._out.json:
            fields = {
                "member": pinged.name,
                "sender": pinged.sender or None,
                "sent": pinged.asked,
                "received": pinged.received,
                "lost": pinged.lost,
                "loss": round(pinged.loss, 6),
                "rtt_s": _percentiles(pinged.rtts),
            }
            self._out.event("summary", fields)
            return
        self._out.line(
            f"{escape(pinged.name)}  {pinged.received} of {pinged.asked}, "
            f"{percent(pinged.loss)} lost{_times(pinged.rtts)}"
        )

    def end(self) -> None:
        """Say the last, however it came to it."""
        if self._out.json:
            fields = {"answering": self.answering, "problems": self.problems}
            self._out.event("end", fields)
            return
        for problem in self.problems:
            self._out.complain(escape(problem))
        if not self.answering:
            self._out.complain(
                "nobody has answered: run `groupwire receive` on the members, and if "
                "they do, `groupwire doctor` here and there"
            )

    def _start(self, event: MembersStarted) -> None:
        names = ", ".join(event.interfaces)
        if self._out.json:
            fields = {
                "group": str(event.group),
                "interfaces": list(event.interfaces),
                "reason": event.reason,
            }
            self._out.event("start", fields)
            return
        self._out.note(f"asking {event.group} by {names}: {event.reason}")

    def _reply(self, reply: MemberReply) -> None:
        answer = reply.answer
        if self._out.json:
            fields = {
                "member": answer.member,
                "sender": str(answer.sender),
                "kind": "multicast",
                "seq": reply.number,
                "rtt_s": round(answer.rtt, 7),
            }
            self._out.event("reply", fields)
            return
        who = escape(answer.member or str(answer.sender))
        self._out.line(f"{who}  #{reply.number}  {in_time(answer.rtt)}")


class Serving:
    """A responder, told what it has done."""

    def __init__(self, out: Out) -> None:
        self._out = out
        self.latest: PingServed | None = None
        """What it had done when it was told last."""

    @property
    def begun(self) -> bool:
        """Whether it listens."""
        return self.latest is not None

    def take(self, state: PingServed) -> None:
        """Show where it listens, and afterwards what it has answered."""
        first, self.latest = self.latest is None, state
        if self._out.json:
            self._out.event("serving" if first else "served", _served(state))
        elif first:
            versions = " and ".join(f"IPv{version}" for version in state.versions)
            self._out.note(
                f"answering as {state.name} at port {state.port}, {versions}"
            )
        else:
            self._out.note(
                f"{plural(state.answered, 'question')} answered, last {state.latest}"
            )

    def end(self) -> None:
        """Say the last."""
        state = self.latest
        if state is None:
            return
        if self._out.json:
            self._out.event("end", _served(state))
            return
        self._out.line(f"{plural(state.answered, 'question')} answered")
        for reason, count in sorted(state.refused.items()):
            self._out.note(f"not answered: {count:,}, {reason}")


def _served(state: PingServed) -> dict[str, Any]:
    return {
        "name": state.name,
        "port": state.port,
        "answered": state.answered,
        "latest": state.latest,
        "not_answered": dict(state.refused),
    }


def _summary(pinged: Pinged) -> dict[str, Any]:
    ways = {"unicast": pinged.unicast, "multicast": pinged.multicast}
    return {
        "host": pinged.host,
        "address": pinged.address,
        "name": pinged.name or None,
        "sent": pinged.asked,
        "refused": pinged.refused,
        **{way: _leg_fields(leg, pinged.asked) for way, leg in ways.items()},
    }


def _leg_fields(leg: Leg, asked: int) -> dict[str, Any]:
    return {
        "received": leg.received,
        "lost": leg.lost(asked),
        "loss": round(leg.loss(asked), 6),
        "duplicates": leg.duplicates,
        "hops": leg.hops,
        "setup_s": None if leg.setup_s is None else round(leg.setup_s, 6),
        "rtt_s": _percentiles(leg.rtts),
    }


def _percentiles(rtts: Delays) -> dict[str, float | None]:
    found = {name: rtts.at(part) for name, part in _PERCENTILES.items()}
    return {name: None if at is None else round(at, 7) for name, at in found.items()}


def _table(pinged: Pinged) -> list[str]:
    """Return a line for each way below a line of what the columns are."""
    ways = {"unicast": pinged.unicast, "multicast": pinged.multicast}
    rows = [_ROW.format("", "came", "lost", "min", "median", "p99", "routers", "first")]
    rows += [_ROW.format(way, *_cells(leg, pinged)) for way, leg in ways.items()]
    rows += [
        f"  {leg.duplicates} came twice by {way}"
        for way, leg in ways.items()
        if leg.duplicates
    ]
    return [row.rstrip() for row in rows]


def _cells(leg: Leg, pinged: Pinged) -> list[str]:
    if not leg.received:
        return ["nothing", *[""] * 6]
    first = leg.setup_s if leg.tree else None
    return [
        str(leg.received),
        percent(leg.loss(pinged.asked)),
        *(in_time(leg.rtts.at(part)) for part in (0.0, 0.5, 0.99)),
        "?" if leg.hops is None else str(leg.hops),
        "" if first is None else in_time(first),
    ]


def _times(rtts: Delays) -> str:
    if not len(rtts):
        return ""
    least, middle, most = (in_time(rtts.at(part)) for part in (0.0, 0.5, 0.99))
    return f", {least} / {middle} / {most} (min, median, p99)"


def _hint(pinged: Pinged) -> str:
    if pinged.refused is not None:
        return f"this machine could not send to {pinged.address}: {pinged.refused}"
    if not pinged.unicast.received:
        return (
            f"{pinged.address} does not answer: run `groupwire ping --serve` there, "
            "or look for a firewall on UDP port 4321"
        )
    if not pinged.multicast.received:
        if pinged.address == "::1":
            return "Linux carries no IPv6 multicast on loopback: name 127.0.0.1"
        return (
            "unicast arrives and multicast does not: "
            f"`groupwire doctor --peer {pinged.address}` looks for the reason"
        )
    return ""
