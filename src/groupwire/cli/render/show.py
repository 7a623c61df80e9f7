"""The demo on the screen: commands as they are typed, and what each tells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from groupwire.cli.render.deliveries.ink.figures import amount, lost_share
from groupwire.cli.render.out import Fields, Out
from groupwire.cli.render.text import escape, plural

__all__ = ["Show"]

_TITLE = "One message, three receivers, and a fourth that never comes."
_SECOND_TITLE = (
    "One file, the same three, and a network that loses {loss} % of everything."
)
_NEXT = (
    "Next, on your own network:  groupwire receive       on some machines",
    '                            groupwire send "hello"  on another one',
    "                    or:     groupwire pull          on some machines",
    "                            groupwire push FILE     on another one",
)
_WIDTH = 78
_HEAD = ("event", "v", "time")


class Show:
    """Tells the story in the order in which it happens."""

    def __init__(self, out: Out, members: Sequence[str]) -> None:
        self._out = out
        self._members = members
        self._width = max(map(len, members))
        self._answers = 0
        self._missing: list[str] = []
        self._delivered: list[str] = []

    def opening(self, group: str, interface: str, ttl: int) -> None:
        """Say what is about to happen, and where."""
        out, absent = self._out, self._members[-1]
        if out.json:
            cast = {"members": list(self._members[:-1]), "absent": absent}
            out.event("started", {"group": group, "interface": interface, **cast})
            return
        self._tell(out.paint(_TITLE, "bold"))
        self._tell(out.paint(f"On {interface}, {_reach(interface, ttl)}.", "dim"))
        self._tell("")

    def command(self, words: Sequence[str]) -> None:
        """Show what is run, as one would type it."""
        lines = _typed(words)
        self._tell("\n".join(self._out.paint(line, "cyan") for line in lines))

    def joined(self, name: str, event: Fields) -> None:
        """Show that a receiver is ready."""
        if self._out.json:
            self._pass_on("joined", {"member": name, **event})
            return
        self._tell_first(name)
        self._row(name, f"joined on {', '.join(event['interfaces'])}", "green")
        if name == self._members[-2]:
            self._tell("")

    def sent(self, event: Fields) -> None:
        """Show that the question is on its way."""
        if self._out.json:
            self._pass_on("sent", event)
            return
        self._tell("")
        self._tell(f"  sent {plural(event['bytes'], 'byte')} once, for all of them")

    def answer(self, event: Fields) -> None:
        """Show one answer."""
        self._answers += 1
        if self._out.json:
            self._pass_on("answer", event)
            return
        said = event.get("data", "(no text)")
        text = f"{event['rtt_s'] * 1e3:6.2f} ms  {said!r} from {event['sender']}"
        self._row(str(event["member"]), text, "green")

    def missing(self, event: Fields) -> None:
        """Show who did not answer."""
        self._missing = event["missing"]
        for name in self._missing:
            asked = f"asked {event['attempts']} times in {event['elapsed_s']:.2f} s"
            self._row(name, f"   missing  {asked}", "red")

    def heard(self, name: str, events: Sequence[dict[str, Any]]) -> None:
        """Show what arrived at one receiver."""
        if self._out.json:
            for event in events:
                self._pass_on("message", {"receiver": name, **event})
            return
        self._tell_first(name)
        for event in events:
            said = "answered" if event["answered"] else "did not answer"
            self._row(name, f"heard {event.get('data')!r} and {said}", "green")

    def second_opening(self, file: str, size_bytes: int, loss_percent: int) -> None:
        """Say what comes next."""
        out = self._out
        if out.json:
            what = {"file": file, "bytes": size_bytes, "loss": loss_percent / 100}
            out.event("delivering", what)
            return
        title = _SECOND_TITLE.format(loss=loss_percent)
        self._tell("")
        self._tell(out.paint(title, "bold"))
        self._tell("")

    def begun(self, event: Fields) -> None:
        """Show that the file is on its way."""
        if self._out.json:
            self._pass_on("begin", event)
            return
        self._tell("")
        size = amount(event["bytes"])
        self._tell(f"  {size} go out once, and again only what somebody lacks")

    def passed(self, event: Fields) -> None:
        """Pass on what only programs want to know."""
        if self._out.json:
            self._pass_on(event["event"], event)

    def receipt(self, event: Fields, segment_bytes: int) -> None:
        """Show what one member signs."""
        if event["status"] == "verified":
            self._delivered.append(event["member"])
        if self._out.json:
            self._pass_on("receipt", event)
            return
        lost = lost_share(event["lost"], 1, event["bytes"], segment_bytes)
        style = "green" if event["status"] == "verified" else "red"
        text = f"{event['status']} after {event['elapsed_s']:.2f} s, {lost} repaired"
        self._row(str(event["member"]), text, style)

    def compared(self, member: str, sha256: str, *, same: bool) -> None:
        """Show what the file at one member is."""
        if self._out.json:
            what = {"member": member, "sha256": sha256, "same": same}
            self._out.event("compared", what)
            return
        if member == self._members[0]:
            self._tell("")
        text = f"sha256 {sha256[:16]}…, {'as sent' if same else 'NOT as sent'}"
        self._row(member, text, "green" if same else "red")

    def end(self, *, as_announced: bool | None) -> None:
        """Say how it went, and what to try next; None: it was broken off."""
        out, count = self._out, plural(self._answers, "answer")
        receipts = plural(len(self._delivered), "verified receipt")
        if out.json:
            result = {
                "answers": self._answers,
                "missing": self._missing,
                "delivered": self._delivered,
            }
            out.event("end", {**result, "as_announced": bool(as_announced)})
            return
        if as_announced is None:
            return
        absent = ", ".join(self._missing) or "nobody"
        self._tell("")
        if not as_announced:
            text = f"Not as announced: {count}, missing: {absent}; {receipts}."
            out.line(out.paint(text, "red"))
            return
        text = f"{count}, {absent} is missing; {receipts}: as announced."
        out.line(out.paint(text, "bold"))
        for line in _NEXT:
            self._tell(line)

    def _tell(self, text: str) -> None:
        if not self._out.quiet:
            self._out.line(text)

    def _tell_first(self, name: str) -> None:
        if name == self._members[0]:
            self._tell("")

    def _row(self, name: str, text: str, style: str) -> None:
        named = self._out.paint(escape(name).ljust(self._width), style)
        self._tell(f"  {named}  {escape(text)}")

    def _pass_on(self, event: str, fields: Fields) -> None:
        told = {key: fields[key] for key in fields if key not in _HEAD}
        self._out.event(event, told, at=fields["time"])


def _reach(interface: str, ttl: int) -> str:
    if interface.startswith("lo"):
        return "so that nothing leaves this machine"
    return f"with TTL {ttl}"


def _typed(words: Sequence[str]) -> list[str]:
    """Break a command line where a person would: before an option."""
    lines = ["$ groupwire"]
    for piece in _pieces(words):
        if len(lines[-1]) + len(piece) + 3 > _WIDTH:
            lines[-1] += " \\"
            lines.append("   ")
        lines[-1] += f" {piece}"
    return lines


def _pieces(words: Sequence[str]) -> list[str]:
    """Return the words, quoted where needed, each option together with its value."""
    pieces: list[str] = []
    for word in (f'"{word}"' if " " in word else word for word in words):
        if pieces and pieces[-1].startswith("-") and " " not in pieces[-1]:
            pieces[-1] += f" {word}"
        else:
            pieces.append(word)
    return pieces
