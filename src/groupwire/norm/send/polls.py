"""Positive acknowledgement by named nodes: who is asked, who has answered.

RFC 5740 §5.5.3: lists of at most a segment, once every two GRTT.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from enum import Enum

__all__ = ["ACK_TIME_S", "AckStatus", "Poll"]

ACK_TIME_S = 1e-4
"""What a busy program may take for an acknowledgement."""
_FREE = 10
_AT_ONCE = 128
"""Half of what a receive buffer of the usual size holds."""


class AckStatus(Enum):
    """What is known of one node."""

    PENDING = "pending"
    SUCCESS = "success"
    FAILURE = "failure"


class Poll:
    """Asks nodes in turn until each has answered or been asked often enough.

    ``tries`` is the robust factor; a node fails no sooner than ``patience_s`` after it
    was first asked.
    """

    def __init__(
        self, nodes: Iterable[int], *, tries: int, patience_s: float, limit: int
    ) -> None:
        self._asked: dict[int, int] = dict.fromkeys(nodes, 0)
        self._turns = deque(self._asked)
        self._since: dict[int, float] = {}
        self._free: dict[int, int] = {}
        """How often each was asked without its counting."""
        self._status = dict.fromkeys(self._asked, AckStatus.PENDING)
        self._in_vain = 0
        """Rounds since somebody was heard."""
        self._tries = tries
        self.patience_s = patience_s
        self._limit = max(1, min(limit, _AT_ONCE))

    @property
    def status(self) -> Mapping[int, AckStatus]:
        """What is known of each node."""
        return dict(self._status)

    @property
    def open(self) -> bool:
        """Whether somebody may still answer."""
        return bool(self._asked)

    @property
    def tired(self) -> bool:
        """Whether each was asked as often as is usual, and nobody says anything."""
        lists = -(-len(self._asked) // self._limit)
        return self._in_vain >= self._tries * lists

    def next_round(self, now: float, *, counts: bool = True) -> tuple[int, ...]:
        """Return who is to be asked now: who has not been for longest comes first.

        The next round is due after ACK_TIME_S for each of them, or later.
        What does not count is asked while nobody can be expected to have everything;
        ten times as often as what counts, and no oftener: who asks for repair without
        end must not keep the dead alive.
        """
        chosen: list[int] = []
        for _ in range(len(self._turns)):
            if len(chosen) == self._limit:
                break
            node = self._turns.popleft()
            if node in self._asked and self._ask(node, now, counts=counts):
                chosen.append(node)
        self._in_vain += 1
        return tuple(chosen)

    def _ask(self, node: int, now: float, *, counts: bool) -> bool:
        """Count a node as asked once more; False if it has failed now."""
        if counts and self._over(node, now):
            self.fail(node)
            return False
        if not counts:
            self._free[node] = free = self._free.get(node, 0) + 1
            counts = free > _FREE * self._tries
        if counts:
            self._asked[node] += 1
            self._since.setdefault(node, now)
        self._turns.append(node)
        return True

    def _over(self, node: int, now: float) -> bool:
        tried = self._asked[node] >= self._tries
        return tried and now - self._since.get(node, now) >= self.patience_s

    def acknowledge(self, node: int) -> bool:
        """Return whether this node was asked and had not answered yet."""
        if self._asked.pop(node, None) is None:
            return False
        self._in_vain = 0
        self._status[node] = AckStatus.SUCCESS
        return True

    def fail(self, node: int) -> None:
        """Ask a node no more."""
        if self._asked.pop(node, None) is not None:
            self._status[node] = AckStatus.FAILURE

    def alive(self, node: int) -> None:
        """Begin to count anew for a node that asks for repair."""
        if self._asked.get(node):
            self._in_vain = 0
            self._asked[node] = 1
            self._since.pop(node, None)
