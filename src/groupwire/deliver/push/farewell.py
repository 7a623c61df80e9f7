"""The last words of a sender: to members, and to NORM receivers."""

from __future__ import annotations

from collections.abc import Iterable
from heapq import nlargest
from random import Random

from groupwire.deliver.push.group.members import Member
from groupwire.deliver.push.rules import PushRules
from groupwire.deliver.wire.speech import encode_word
from groupwire.deliver.words import Bye
from groupwire.gather import Kind, Tagged
from groupwire.gather.fields import filled
from groupwire.norm.wire.commands import EndOfTransmission
from groupwire.norm.wire.head import SenderState
from groupwire.norm.wire.quantise import pack_group_size, pack_rtt
from groupwire.values import Transmit

__all__ = ["NAMED", "farewell"]

_TIMES = 3
NAMED = 64
"""So many of the nodes that have signed last are named: some may not know it yet."""


def farewell(
    rules: PushRules,
    reason: str,
    members: Iterable[Member],
    grtt_s: float,
    *,
    rng: Random,
) -> list[Transmit]:
    """Return ``bye`` and EOT, each three times.

    NORM's sender would flush for a while before its EOT: here all have signed, or it is
    not to wait for them.
    """
    request = rng.getrandbits(64)
    word = Bye(rules.delivery, reason, _signed_last(members))
    bye = filled(encode_word(word))
    said = Tagged(Kind.MESSAGE, request, bye, name=rules.name).encode()
    config = rules.sender
    state = SenderState(
        rules.instance,
        pack_rtt(grtt_s),
        config.backoff,
        pack_group_size(config.members),
    )
    ends = [EndOfTransmission(n, rules.node, state).encode() for n in range(_TIMES)]
    return [Transmit(said)] * _TIMES + [Transmit(end) for end in ends]


def _signed_last(members: Iterable[Member]) -> tuple[int, ...]:
    signed = (member for member in members if member.has_signed)
    return tuple(m.node for m in nlargest(NAMED, signed, key=lambda m: m.signed_at))
