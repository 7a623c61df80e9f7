"""An order that all peers obey in turn, round after round."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import replace

from ..network import Network
from ..outcome import Outcome, Settings
from .all_peers import ALL
from .loopback import losing, ready
from .peer import Order, Peer
from .trial import Group, Result, open_group

__all__ = ["lost", "play"]

_QUICK_SILENCE_S = 1.0


def play(
    outcome: Outcome, settings: Settings, order: Order, *, loss_percent: float = 0
) -> dict[str, list[Result]]:
    """Let everybody who is here obey five times; tell who is not."""
    if not ready(settings.network):
        outcome.notes.append("Not measured: it needs a network namespace.")
        return {}
    if settings.quick:
        order = replace(order, silence_s=_QUICK_SILENCE_S)
    subscribers, rounds = settings.pick(3, 1), settings.pick(5, 1)
    paced = bool(order.interval_s)
    peers = [p for p in ALL if (p.paced if paced else p.floods)]
    # Packets are lost only then: how long discovery takes is not what is measured.
    with (
        _groups(outcome, peers, settings.network, subscribers) as groups,
        losing(loss_percent) if loss_percent else nullcontext(),
    ):
        return _in_turn(outcome, groups, order, rounds)


@contextmanager
def _groups(
    outcome: Outcome, peers: Sequence[Peer], network: Network, subscribers: int
) -> Iterator[dict[str, Group]]:
    """Start everybody, all on loopback."""
    host = network.loopback
    with ExitStack() as stack:
        groups: dict[str, Group] = {}
        for peer in peers:
            if missing := peer.missing():
                outcome.notes.append(f"{peer.name}: not measured ({missing}).")
                continue
            try:
                opening = open_group(peer, host, [host] * subscribers)
                groups[peer.name] = stack.enter_context(opening)
            except (OSError, RuntimeError) as failure:
                outcome.notes.append(f"{peer.name}: {failure}.")
        yield groups


def _in_turn(
    outcome: Outcome, groups: dict[str, Group], order: Order, rounds: int
) -> dict[str, list[Result]]:
    found: dict[str, list[Result]] = {name: [] for name in groups}
    for _ in range(rounds):
        for name, group in list(groups.items()):
            try:
                found[name].append(group.obey(order))
            except (OSError, RuntimeError) as failure:
                outcome.notes.append(f"{name}: {failure}.")
                del groups[name]
    return {name: results for name, results in found.items() if len(results) == rounds}


def lost(results: Sequence[Result]) -> float:
    """Return the share that did not come, at whom most was lost, in the worst round."""
    return 1.0 - min(result.delivered for result in results)
