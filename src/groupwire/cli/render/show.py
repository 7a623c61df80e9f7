"""The demo on the screen: commands as they are typed, and what each tells."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any

from groupwire.cli.render.out import Fields, Out
from groupwire.cli.render.text import plural

__all__ = ["Show"]

_WIDTH = 78
_TOLD = ("event", "v", "time")


class Show:
    """Tells the story in the order in which it happens."""

    def __init__(self, out: Out, members: Sequence[str]) -> None:
        self._out = out
        self._members = members
        self._width = max(map(len, members))
        self._answers = 0
        self._missing: list[str] = []

    def opening(self, group: str, interface: str, ttl: int) -> None:
        """Say what is about to happen, and where."""
        out, absent = self._out, self._members[-1]
        if out.json:
            cast = {"members": list(self._members[:-1]), "absent": absent}
            out.event("started", {"group": group, "interface": interface, **cast})
            return
        out.line(
            out.paint(
                "One message, three receivers, and a fourth that never comes.", "bold"
            )
        )
        out.line(out.paint(f"On {interface}, {_reach(interface, ttl)}.", "dim"))
        out.line("")

    def command(self, words: Sequence[str]) -> None:
        """Show what is run, as one would type it."""
        if not self._out.json:
            lines = _typed(words)
            self._out.line("\n".join(self._out.paint(line, "cyan") for line in lines))

    def joined(self, name: str, event: Fields) -> None:
        """Show that a receiver is ready."""
        if self._out.json:
            self._out.event("joined", {"member": name, **_told(event)})
            return
        if name == self._members[0]:
            self._out.line("")
        self._row(name, f"joined on {', '.join(event['interfaces'])}", "green")

    def sent(self, event: Fields) -> None:
        """Show that the question is on its way."""
        if self._out.json:
            self._out.event("sent", _told(event))
            return
        size = plural(event["bytes"], "byte")
        self._out.line("")
        self._row("", f"sent {size} once, to the group", "")

    def answer(self, event: Fields) -> None:
        """Show one answer."""
        self._answers += 1
        if self._out.json:
            self._out.event("answer", _told(event))
            return
        said = event.get("data", "(not text)")
        text = f"{event['rtt_s'] * 1e3:6.2f} ms  {said!r} from {event['sender']}"
        self._row(str(event["member"]), text, "green")

    def missing(self, event: Fields) -> None:
        """Show who did not answer."""
        self._missing = event["missing"]
        if self._out.json:
            return
        for name in self._missing:
            self._row(name, f"silent for {event['elapsed_s']:.2f} s: missing", "red")

    def heard(self, name: str, events: Sequence[dict[str, Any]]) -> None:
        """Show what arrived at one receiver."""
        if self._out.json:
            for event in events:
                self._out.event("message", {"receiver": name, **_told(event)})
            return
        if name == self._members[0]:
            self._out.line("")
        for event in events:
            said = "answered" if event["answered"] else "did not answer"
            self._row(name, f"heard {event.get('data')!r} and {said}", "green")

    def end(self, *, as_announced: bool) -> None:
        """Say how it went, and what to try next."""
        out, count = self._out, plural(self._answers, "answer")
        if out.json:
            result = {"answers": self._answers, "missing": self._missing}
            out.event("end", {**result, "as_announced": as_announced})
            return
        absent = ", ".join(self._missing) or "nobody"
        out.line("")
        if not as_announced:
            out.line(out.paint(f"Not as announced: {count}, missing: {absent}.", "red"))
            return
        out.line(out.paint(f"{count}, {absent} is missing: as announced.", "bold"))
        out.line("On your own network:  groupwire receive  on some machines,")
        out.line('and on another one:   groupwire send "hello"')

    def _row(self, name: str, text: str, style: str) -> None:
        paint = self._out.paint
        named = paint(name.ljust(self._width), style) if name else ""
        self._out.line(f"  {named}  {text}" if name else f"  {text}")


def _reach(interface: str, ttl: int) -> str:
    if interface.startswith("lo"):
        return "so that nothing leaves this machine"
    return f"with TTL {ttl}"


def _told(event: Fields) -> dict[str, Any]:
    return {key: value for key, value in event.items() if key not in _TOLD}


def _typed(words: Sequence[str]) -> list[str]:
    """Break a command line where a shell would let us."""
    lines = ["$ groupwire"]
    for word in map(shlex.quote, words):
        if len(lines[-1]) + len(word) + 3 > _WIDTH:
            lines[-1] += " \\"
            lines.append("   ")
        lines[-1] += f" {word}"
    return lines
