"""Who makes room for whom where more come than can be known (docs/messages.md §2.4).

To say once that one is here costs a stranger nothing, and may be forged; so who was
heard again stays, and no address takes all places.
"""

from __future__ import annotations

from collections import Counter, OrderedDict

from groupwire.values import Origin

__all__ = ["Doorman", "Key"]

Key = tuple[int, Origin]
"""A life and its address."""
_MOST_MEMBERS = 4096
_MOST_OF_HOST = 1024
"""Of one address: programs, or forged words."""
_GRACE_S = 1.0
"""In which who comes speaks twice more: it is not asked to go before."""
_Fresh = OrderedDict[Key, float]


class Doorman:
    """Counts who is here by hosts, and knows who was heard only once."""

    def __init__(self) -> None:
        self._all = 0
        self._hosts: Counter[str] = Counter()
        self._fresh: _Fresh = OrderedDict()
        """Since when, the first who came first."""
        self._fresh_of: dict[str, _Fresh] = {}

    def full(self, host: str) -> bool:
        """Return whether somebody has to go before another one of a host may come."""
        return self._all >= _MOST_MEMBERS or self._hosts[host] >= _MOST_OF_HOST

    def victim(self, host: str, now: float) -> Key | None:
        """Return who goes for one of a host: of the same host, if it has anybody new.

        None where all were heard again, or came just now.
        """
        fresh = self._fresh_of.get(host)
        if fresh is None and self._hosts[host] < _MOST_OF_HOST:
            fresh = self._fresh
        if not fresh:
            return None
        key, since = next(iter(fresh.items()))
        return key if now - since >= _GRACE_S else None

    def enter(self, key: Key, now: float) -> None:
        """Take in that somebody was heard for the first time."""
        host = key[1].host
        self._all += 1
        self._hosts[host] += 1
        self._fresh[key] = now
        self._fresh_of.setdefault(host, OrderedDict())[key] = now

    def heard_again(self, key: Key) -> None:
        """Take in that somebody was heard once more."""
        if key in self._fresh:
            del self._fresh[key]
            host = key[1].host
            of_host = self._fresh_of[host]
            del of_host[key]
            if not of_host:
                del self._fresh_of[host]

    def leave(self, key: Key) -> None:
        """Take in that somebody is here no more."""
        self.heard_again(key)
        host = key[1].host
        self._all -= 1
        self._hosts[host] -= 1
        if not self._hosts[host]:
            del self._hosts[host]
