"""What is asked and what comes of it: frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from groupwire.errors import MissingAnswers, UsageError
from groupwire.gather.expectation import Expectation
from groupwire.gather.names import checked_name
from groupwire.values import Origin

__all__ = ["Answer", "Form", "Question", "Result", "StoppedBy"]

_NOBODY = Expectation()
_RETRIES_BY_NAME = 2
_MOST_RETRIES = 100


class Form(StrEnum):
    """How a message travels."""

    PLAIN = "plain"
    """The bytes as they are, which any UDP program understands."""
    TAGGED = "tagged"
    """With groupwire's header: request id, member names, spread."""


class StoppedBy(StrEnum):
    """What ended a question."""

    EXPECTED = "expected"
    """Everybody expected has answered."""
    FIRST = "first"
    """As many answers as asked for."""
    STALL = "stall"
    """Silence, where nobody was expected."""
    RETRIES = "retries"
    """Asked again as often as allowed, and somebody stayed silent."""
    TIMEOUT = "timeout"
    """The total time."""
    STOPPED = "stopped"
    """The caller."""


@dataclass(frozen=True, slots=True)
class Question:
    """One message to a group and when to stop waiting; times in seconds.

    ``retries`` and ``form`` None: 2 and tagged when members are expected by name, else
    0 and plain. Raises UsageError for what cannot be.
    """

    data: bytes
    expect: Expectation = _NOBODY
    first: int | None = None
    timeout: float = 5.0
    stall: float = 0.2
    retries: int | None = None
    form: Form | None = None
    name: str | None = None
    """The asker's own member name, told in the tagged form."""

    def __post_init__(self) -> None:
        if not (self.timeout > 0 and self.stall > 0):
            _refuse("timeout", self.timeout)
            _refuse("stall", self.stall)
        if self.first is not None and self.first <= 0:
            _refuse("first", self.first)
        if self.retries is not None and not 0 <= self.retries <= _MOST_RETRIES:
            raise UsageError(
                f"{self.retries} retries are not possible",
                fix=f"use 0 to {_MOST_RETRIES}",
            )
        if self.name is not None:
            checked_name(self.name)
        if self.form is Form.PLAIN and self._needs_tag:
            self._refuse_plain()

    @property
    def attempts(self) -> int:
        """How often it is asked at most."""
        if self.retries is not None:
            return 1 + self.retries
        return 1 + (_RETRIES_BY_NAME if self.expect.names else 0)

    @property
    def travels(self) -> Form:
        """The form it takes: tagged where a plain one could not do it."""
        if self.form is not None:
            return self.form
        return Form.TAGGED if self._needs_tag else Form.PLAIN

    @property
    def _needs_tag(self) -> bool:
        return bool(self.expect.names or self.retries)

    def _refuse_plain(self) -> None:
        if self.expect.names:
            raise UsageError(
                "a plain answer does not tell its member's name",
                fix="expect a number or addresses, or do without --plain",
            )
        raise UsageError(
            "a plain message cannot be asked again: every member would take it for "
            "a new one",
            fix="leave out the retries, or do without --plain",
        )


# A named tuple, because a crowd sends as many as there are members.
class Answer(NamedTuple):
    """One answer; ``rtt`` in seconds from the attempt that it answers.

    The round trip of a tagged answer includes the member's random wait.
    """

    member: str | None
    """The name that the member gave itself, None for a plain answer."""
    sender: Origin
    data: bytes
    rtt: float


@dataclass(frozen=True, slots=True)
class Result:
    """Everything that one question brought; ``elapsed`` in seconds."""

    answers: tuple[Answer, ...]
    missing: tuple[str, ...]
    """Names and addresses expected and silent, in the order given."""
    missing_count: int
    """How many are missing, also where only a number was expected."""
    duplicates: int
    late: int
    clashes: tuple[str, ...]
    """Names that two different members gave themselves."""
    stopped_by: StoppedBy | None
    """None while it still runs."""
    elapsed: float
    attempts: int = 1
    dropped: int = 0
    """Datagrams that were no answers."""

    @property
    def complete(self) -> bool:
        """Whether nobody expected is missing."""
        return self.missing_count == 0

    def raise_for_missing(self) -> None:
        """Raise MissingAnswers unless everybody expected has answered."""
        if not self.complete:
            raise MissingAnswers(self.missing, self.missing_count)


def _refuse(what: str, value: float) -> None:
    if not value > 0:
        raise UsageError(f"{what} {value:g} is not possible", fix="use more than 0")
