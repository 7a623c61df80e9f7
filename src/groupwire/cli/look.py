"""``interfaces`` and ``explain``: looking at this machine and at addresses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from groupwire.cli.options.common import Place, Speech, Where
from groupwire.cli.plumbing.spread import spread
from groupwire.cli.render.looks import Seen, show_explanation, show_interfaces
from groupwire.errors import GroupwireError

if TYPE_CHECKING:
    from groupwire.net.links import Choice
    from groupwire.values import Interface

__all__ = ["explain", "interfaces"]


@spread
def explain(
    place: Place,
    speech: Speech,
    address: Annotated[
        str | None,
        typer.Argument(
            metavar="ADDRESS",
            help="The group, with or without a port. Without it the one of -g.",
            show_default=False,
        ),
    ] = None,
) -> int:
    """Say what a group address is and how far it goes.

    Its scope, what the range was assigned for and by which RFC, its Ethernet address
    and which other groups share that, how far it can travel, and what to heed.
    """
    from groupwire.values.explanation import Explanation

    out = speech.out()
    text = address or str(Where.read(place.group, None).group)
    explanation = Explanation.parse(text)
    if place.interface is not None:
        explanation = replace(explanation, interface=place.interface)
    show_explanation(out, explanation)
    return 0


@spread
def interfaces(place: Place, speech: Speech) -> int:
    """Show what can multicast on this machine.

    Every interface with its state, addresses, the groups that are joined on it by any
    program, and the IGMP and MLD version in force. Green are those that the group of
    -g (or the usual one) would use.
    """
    from groupwire.net.links import choose_receivers, list_interfaces

    out = speech.out()
    where = place.read()
    links = list_interfaces()
    shown = links
    if where.interface is not None:
        shown = choose_receivers(where.group, where.interface, links).interfaces
    show_interfaces(out, *_seen(where, links, shown))
    return 0


def _seen(
    where: Where, links: Sequence[Interface], shown: Sequence[Interface]
) -> tuple[list[Seen], list[str]]:
    """Return the lines of the table, and the sentences below it."""
    from groupwire.net.links import choose_receivers, choose_sender, route_interface
    from groupwire.net.links.memberships import Memberships, read_memberships

    group, wanted = where.group, where.interface or where.group.interface
    receiving, why_receiving = _chosen(lambda: choose_receivers(group, wanted, links))
    sending, why_sending = _chosen(
        lambda: choose_sender(group, wanted, links, route_interface(group.ip))
    )
    memberships = read_memberships({link.index: link.name for link in links})
    seen = [
        Seen(
            link,
            memberships.get(link.index, Memberships()),
            receives=link.index in receiving,
            sends=link.index in sending,
        )
        for link in shown
    ]
    return seen, [
        f"for {group.on(None)}",
        f"  receive on {why_receiving}",
        f"  send by {why_sending}",
    ]


def _chosen(choose: Callable[[], Choice]) -> tuple[set[int], str]:
    try:
        choice = choose()
    except GroupwireError as error:
        return set(), f"nothing: {error}"
    names = ", ".join(link.name for link in choice.interfaces)
    return {link.index for link in choice.interfaces}, f"{names}: {choice.reason}"
