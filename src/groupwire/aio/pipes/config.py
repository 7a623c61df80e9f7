"""How a pipe behaves: one frozen value for both ends."""

from __future__ import annotations

from dataclasses import dataclass

from groupwire.aio.config import EndConfig
from groupwire.errors import UsageError
from groupwire.gather import Expectation, Expected

__all__ = ["PipeConfig"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PipeConfig(EndConfig):
    """Everything about a pipe that has a sensible default. Times are seconds.

    Raises UsageError for a value that cannot work.
    """

    live: float | None = None
    """Nothing waits longer than this at either end: what is late, and what is lost, is
    skipped. None: all arrives, and who is slow holds the sender up."""
    expect: Expected = None
    """Readers that have to be there at the beginning: a number, or names."""
    start_with: int | None = None
    """How many readers the sender waits for; None: those that are expected, else one,
    and none for a live pipe. With 0 it sends on though nobody reads."""
    wait: float | None = None
    """For so long an end waits for the other one to appear; None: for ever."""
    sender_name: str | None = None
    """Whose pipe is read; None: the first one's."""
    patience: float = 60.0
    """Which reader acknowledges nothing for so long is waited for no more; a sender
    that is silent is given up after so long too, and after 10 s at the latest."""
    rate: float | None = None
    """The most bits per second; None: what the slowest reader takes."""
    receive_buffer: int = 8 << 20
    """Bytes asked of the kernel; 0 leaves the system's default."""
    segment: int | None = None
    """Bytes of a segment; None: 1400, and 62,500 where loopback is the only way out,
    see :class:`PublishConfig`. Those of a live pipe are always small."""
    window: int = 16 << 20
    """Bytes that are kept so that they can be repaired: so far the sender is ahead."""

    def __post_init__(self) -> None:
        EndConfig.__post_init__(self)
        for what in ("live", "wait", "patience", "rate"):
            value = getattr(self, what)
            if value is not None and not value > 0:
                raise UsageError(f"{what} is {value}", fix="use more than 0")
        if self.start_with is not None and self.start_with < 0:
            raise UsageError(f"start_with is {self.start_with}", fix="use 0 or more")
        if self.expected.addresses:
            raise UsageError(
                "readers are expected by name and not by address",
                fix="use their names, or a number",
            )

    @property
    def expected(self) -> Expectation:
        """Who has to be there."""
        return Expectation.of(self.expect)

    @property
    def counts_readers(self) -> bool:
        """Whether it is known for how many, or for whom, the sender waits."""
        return self.start_with is not None or self.expected.size > 0

    @property
    def first_readers(self) -> int:
        """How many readers the sender waits for."""
        if self.start_with is not None:
            return self.start_with
        return self.expected.size or (0 if self.live else 1)
