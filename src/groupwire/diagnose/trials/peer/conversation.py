"""Words by unicast with one peer: each is asked up to three times."""

from __future__ import annotations

import asyncio
import errno
import secrets
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address
from typing import TypeVar

from groupwire.diagnose.trials.peer.sockets import Talk
from groupwire.diagnose.trials.wire import speech
from groupwire.diagnose.trials.wire.speech import ASKING_BYTES, PORT, Word
from groupwire.errors import DecodeError, MachineError
from groupwire.gather.tagged import Kind
from groupwire.net import socket_failure
from groupwire.values import Interface

__all__ = ["TRIES", "WAIT_S", "Conversation"]

TRIES = 3
WAIT_S = 0.2
"""For an answer by unicast, each time it is asked."""
_Answer = TypeVar("_Answer", bound=Word)


class Conversation:
    """Raises MachineError where the peer cannot be spoken to at all.

    ``way`` is the interface by which a link-local peer is reached.
    """

    def __init__(self, ip: IPv4Address | IPv6Address, way: Interface) -> None:
        self._asked: dict[int, asyncio.Future[Word]] = {}
        self.refused = False
        """Whether the peer's host says that nobody listens there."""
        try:
            self._talk = Talk(ip.version)
        except OSError as error:
            raise socket_failure(error) from error
        try:
            self._talk.connect(ip, PORT, way.index)
        except OSError as error:
            self._talk.close()
            raise MachineError(
                f"this host knows no way to {ip}: {error.strerror}"
            ) from error

    def fileno(self) -> int:
        """Return the descriptor to watch."""
        return self._talk.fileno()

    def close(self) -> None:
        """Close it; any number of times."""
        self._talk.close()

    async def ask(
        self, word: Word, kind: type[_Answer], *, wait_s: float = WAIT_S
    ) -> _Answer | None:
        """Ask; None: no answer of this kind came."""
        request_id = secrets.randbits(64)
        data = speech.encode(word, request_id, kind=Kind.QUESTION, bytes_=ASKING_BYTES)
        answer = asyncio.get_running_loop().create_future()
        self._asked[request_id] = answer
        try:
            for _ in range(TRIES):
                self._note(self._talk.send(data))
                done, _ = await asyncio.wait([answer], timeout=wait_s)
                if done:
                    found = answer.result()
                    return found if isinstance(found, kind) else None
                if self.refused:
                    return None
        finally:
            del self._asked[request_id]
            answer.cancel()
        return None

    def read(self) -> None:
        """Take in what waits."""
        for datagram in self._talk.read():
            if isinstance(datagram, int):
                self._note(datagram)
            else:
                self._take(datagram.data)

    def _take(self, data: bytes) -> None:
        with suppress(DecodeError):
            tagged, word = speech.decode(data)
            answer = self._asked.get(tagged.request_id)
            if tagged.kind is Kind.ANSWER and answer and not answer.done():
                answer.set_result(word)

    def _note(self, number: int) -> None:
        if number == errno.ECONNREFUSED:
            self.refused = True
