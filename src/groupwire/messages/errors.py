"""What a publisher's queue answers when it is full."""

from __future__ import annotations

from groupwire.errors import UsageError

__all__ = ["QueueFull"]


class QueueFull(UsageError):  # noqa: N818 - a fact about the queue
    """``size_bytes`` do not fit into a queue that has ``room_bytes``.

    RoomFreed tells when to try again.
    """

    def __init__(self, size_bytes: int, room_bytes: int) -> None:
        super().__init__(
            f"the queue has room for {room_bytes} bytes, and not for {size_bytes}",
            fix="wait until subscribers have taken some, or drop messages",
        )
        self.size_bytes = size_bytes
        self.room_bytes = room_bytes
