"""What ``ping`` shows: answers as they come, and a line for each way in the end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from groupwire.cli.render.out import Out
from groupwire.cli.render.probing.ways import (
    Answers,
    Ways,
    answer_fields,
    complain,
    in_words,
    leg_fields,
    pieces,
)
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

__all__ = ["PingedHosts", "PingedMembers", "Serving"]

_NOBODY_LISTENS = "econnrefused"


class PingedHosts:
    """Responders, each heard on two ways."""

    def __init__(self, out: Out) -> None:
        self._out = out
        self._answers = Answers(out)
        self._ways = Ways(out)
        self._results: list[Pinged] = []
        self._started: dict[str, PingStarted] = {}
        self.problems: list[str] = []
        self._replies = 0
        self.begun = False

    def is_result(self, event: object) -> bool:
        """Tell whether this is one of the results, which are shown in the end."""
        from groupwire.aio.probing.ping import Pinged

        return isinstance(event, Pinged)

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
        legs = {"unicast": pinged.unicast, "multicast": pinged.multicast}
        asked = plural(pinged.asked, "question")
        self._ways.show(f"{who} ({pinged.address}): {asked}", legs)

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
        complain(self._out, self.problems)
        hints = (_hint(one, self._started.get(one.host)) for one in self._results)
        complain(self._out, list(dict.fromkeys(hint for hint in hints if hint)))

    def _start(self, event: PingStarted) -> None:
        self._started[event.host] = event
        if whole := pieces(event.size_bytes, event.limit_bytes):
            self._out.warn(whole)
        if self._out.json:
            fields = {
                "host": event.host,
                "address": event.address,
                "group": str(event.group),
                "interfaces": list(event.interfaces),
                "reached_by": event.way or None,
                "size_bytes": event.size_bytes,
                "limit_bytes": event.limit_bytes,
            }
            self._out.event("start", fields)
            return
        self._out.note(
            f"asking {escape(event.host)} ({event.address}), {event.size_bytes} bytes; "
            f"joined {event.group.on(None)} on {', '.join(event.interfaces)}"
        )

    def _reply(self, reply: PingReply) -> None:
        if self._out.json:
            names = {"host": reply.host, "name": reply.name or None}
            fields = {**names, **answer_fields(reply.answer)}
            self._out.event("reply", fields, at=reply.time)
            return
        self._answers.show(reply.name or reply.host, reply.answer)


class PingedMembers:
    """Members, asked by multicast and one by one."""

    def __init__(self, out: Out) -> None:
        self._out = out
        self._answers = Answers(out)
        self._ways = Ways(out)
        self.problems: list[str] = []
        self.answering = 0
        self._refused: set[str] = set()
        self._unheard = 0
        """Members that know no pings."""
        self.begun = False

    def is_result(self, event: object) -> bool:
        """Tell whether this is one of the results, which are shown in the end."""
        from groupwire.aio.probing.ping import MemberPinged

        return isinstance(event, MemberPinged)

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
        self.answering += bool(pinged.sender)
        self.problems += problems
        if pinged.refused is not None:
            self._refused.add(in_words(pinged.refused))
        if self._out.json:
            self._out.event("summary", _member(pinged))
            return
        asked = plural(pinged.multicast.asked, "question")
        if not pinged.sender:
            self._out.line(f"{escape(pinged.name)}: no answer to {asked}")
            return
        who = (
            f"{escape(pinged.name)} ({pinged.sender})"
            if pinged.name
            else (pinged.sender)
        )
        unicast = pinged.unicast if pinged.unicast_known else None
        self._unheard += not pinged.pings
        legs = {"unicast": unicast, "multicast": pinged.multicast}
        self._ways.show(f"{who}: {asked}", legs)

    def few(self, wanted: int) -> None:
        """Note that fewer have answered than were expected."""
        self.problems.append(f"{self.answering} of {wanted} have answered")

    def end(self) -> None:
        """Say the last, however it came to it."""
        if self._out.json:
            fields = {"answering": self.answering, "problems": self.problems}
            self._out.event("end", fields)
            return
        complain(self._out, self.problems)
        for refused in sorted(self._refused):
            self._out.complain(f"this machine could not send at times: {refused}")
        if self._unheard:
            self._out.note(
                "-: does not know pings of groupwire, so what it hears by unicast, and "
                "over how many routers, is not known"
            )
        if not self.answering:
            self._out.complain(
                "nobody has answered: run `groupwire receive` on the members, and if "
                "they do, `groupwire doctor` here and there"
            )

    def _start(self, event: MembersStarted) -> None:
        names = ", ".join(event.interfaces)
        if whole := pieces(event.size_bytes, event.limit_bytes):
            self._out.warn(whole)
        if self._out.json:
            fields = {
                "group": str(event.group),
                "interfaces": list(event.interfaces),
                "reason": event.reason,
                "size_bytes": event.size_bytes,
                "limit_bytes": event.limit_bytes,
            }
            self._out.event("start", fields)
            return
        self._out.note(
            f"asking {event.group} by {names}, {event.size_bytes} bytes: {event.reason}"
        )

    def _reply(self, reply: MemberReply) -> None:
        if self._out.json:
            names = {"member": reply.name or None, "sender": reply.sender}
            fields = {**names, **answer_fields(reply.answer)}
            self._out.event("reply", fields, at=reply.time)
            return
        self._answers.show(reply.name or reply.sender, reply.answer)


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
            if state.joined is not None:
                ways = ", ".join(link.name for link in state.joined.interfaces)
                self._out.note(f"and as a member of {state.joined.group} on {ways}")
        else:
            self._out.note(_answered(state))

    def end(self) -> None:
        """Say the last."""
        state = self.latest
        if state is None:
            return
        if self._out.json:
            self._out.event("end", _served(state))
            return
        self._out.line(_answered(state))
        for reason, count in sorted(state.refused.items()):
            self._out.note(f"not answered: {count:,}, {reason}")


def _answered(state: PingServed) -> str:
    last = "" if state.latest is None else f", last {state.latest}"
    group = f"; {plural(state.pings, 'ping')} as a member" if state.joined else ""
    return f"{plural(state.answered, 'question')} answered{last}{group}"


def _served(state: PingServed) -> dict[str, Any]:
    return {
        "name": state.name,
        "port": state.port,
        "answered": state.answered,
        "latest": state.latest,
        "group": None if state.joined is None else str(state.joined.group),
        "pings": state.pings,
        "not_answered": dict(state.refused),
    }


def _summary(pinged: Pinged) -> dict[str, Any]:
    return {
        "host": pinged.host,
        "address": pinged.address,
        "name": pinged.name or None,
        "sent": pinged.asked,
        "refused": pinged.refused,
        "unicast": leg_fields(pinged.unicast),
        "multicast": leg_fields(pinged.multicast),
    }


def _member(pinged: MemberPinged) -> dict[str, Any]:
    return {
        "member": pinged.name or None,
        "sender": pinged.sender or None,
        "pings": pinged.pings,
        "refused": pinged.refused,
        "unicast": leg_fields(pinged.unicast) if pinged.unicast_known else None,
        "multicast": leg_fields(pinged.multicast),
    }


def _hint(pinged: Pinged, started: PingStarted | None) -> str:
    """Return what to do about it; nothing where both ways carry something."""
    if pinged.refused == _NOBODY_LISTENS:
        return (
            f"{pinged.address} says that nothing listens at UDP port 4321: run "
            "`groupwire ping --serve` there"
        )
    if pinged.refused is not None:
        why = in_words(pinged.refused)
        return f"this machine could not send to {pinged.address}: {why}"
    if not pinged.multicast.received:
        if pinged.unicast.received:
            return _without_multicast(pinged, started)
        return _without_answer(pinged, started)
    if not pinged.unicast.received:
        return "multicast arrives and unicast does not: look for a firewall here"
    return ""


def _without_multicast(pinged: Pinged, started: PingStarted | None) -> str:
    if started is not None and started.way not in ("", *started.interfaces):
        return (
            f"the group is joined on {', '.join(started.interfaces)}, and "
            f"{pinged.address} is reached by {started.way}: leave -i out"
        )
    if pinged.address == "::1":
        return "Linux carries no IPv6 multicast on loopback: name 127.0.0.1"
    return (
        "unicast arrives and multicast does not: "
        f"`groupwire doctor --peer {pinged.address}` looks for the reason"
    )


def _without_answer(pinged: Pinged, started: PingStarted | None) -> str:
    if started is not None and started.size_bytes > started.limit_bytes:
        return (
            "a responder answers nothing that is larger than a packet: ask "
            f"{pinged.address} with --size {started.limit_bytes} at most"
        )
    return (
        f"{pinged.address} does not answer: run `groupwire ping --serve` there, "
        "or look for a firewall on UDP port 4321"
    )
