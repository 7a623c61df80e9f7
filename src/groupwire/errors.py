"""What can go wrong, and who is to blame; nothing here is raised by the network.

::

    GroupwireError
    ├── UsageError              you: the call or the command line
    │   ├── AddressError        your text is no usable group (text, problem, fix)
    │   └── MessageTooLarge     no datagram can carry it (size, limit)
    ├── MachineError            this machine or its network (problem, fix)
    │   ├── InterfaceError      no such interface, or none that can multicast
    │   ├── InterfaceChoiceError  several would do: name one (candidates)
    │   ├── NoRouteError        no way out for the group
    │   ├── PortInUseError      another program holds the port for itself
    │   ├── MembershipLimitError  the kernel's limit of groups or sources
    │   └── NotPermittedError   the system forbids it
    ├── MissingAnswers          expected members were silent (missing, missing_count)
    ├── NotDelivered            somebody has not got everything (the same, reason)
    ├── DecodeError             bytes that are not what they claim to be
    └── ClosedError             used after close()

Facts are attributes, the words are made in ``__str__``. What strangers send is never
an exception for a user: it is counted by reason and dropped.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = [
    "AddressError",
    "ClosedError",
    "DecodeError",
    "GroupwireError",
    "InterfaceChoiceError",
    "InterfaceError",
    "MachineError",
    "MembershipLimitError",
    "MessageTooLarge",
    "MissingAnswers",
    "NoRouteError",
    "NotDelivered",
    "NotPermittedError",
    "PortInUseError",
    "UsageError",
]


class GroupwireError(Exception):
    """The root: catch this to catch all of ours."""


class UsageError(GroupwireError):
    """The call was wrong; ``problem`` says what, ``fix`` what would do."""

    def __init__(self, problem: str, *, fix: str = "") -> None:
        super().__init__(problem, fix)
        self.problem = problem
        self.fix = fix

    def __str__(self) -> str:
        return _sentence(self.problem, self.fix)


class AddressError(UsageError):
    """``text`` is not a group that can be used here."""

    def __init__(self, text: str, problem: str, *, fix: str = "") -> None:
        super().__init__(problem, fix=fix)
        self.text = text

    def __str__(self) -> str:
        return f"{self.text!r}: {_sentence(self.problem, self.fix)}"


class MessageTooLarge(UsageError):  # noqa: N818 - a fact about the message
    """A message of ``size_bytes`` where at most ``limit_bytes`` fit."""

    def __init__(self, size_bytes: int, limit_bytes: int, *, fix: str) -> None:
        super().__init__(
            f"{size_bytes} bytes do not fit: at most {limit_bytes} do", fix=fix
        )
        self.size_bytes = size_bytes
        self.limit_bytes = limit_bytes


class MachineError(GroupwireError):
    """The machine or its network cannot do it; ``fix`` says what to change."""

    def __init__(self, problem: str, *, fix: str = "") -> None:
        super().__init__(problem, fix)
        self.problem = problem
        self.fix = fix

    def __str__(self) -> str:
        return _sentence(self.problem, self.fix)


class InterfaceError(MachineError):
    """No such interface, or none that can multicast."""


class InterfaceChoiceError(InterfaceError):
    """Several interfaces would do and no route decides; ``candidates`` names them."""

    def __init__(self, problem: str, *, fix: str, candidates: Sequence[str]) -> None:
        super().__init__(problem, fix=fix)
        self.candidates = tuple(candidates)


class NoRouteError(MachineError):
    """The system knows no way out for the group."""


class PortInUseError(MachineError):
    """Another program holds the port for itself."""


class MembershipLimitError(MachineError):
    """The kernel allows no more groups or sources."""


class NotPermittedError(MachineError):
    """The system forbids it to this user."""


class MissingAnswers(GroupwireError):  # noqa: N818 - a fact about the group
    """Expected members were silent.

    ``missing`` holds names or addresses where such were expected, ``missing_count``
    the number in every case.
    """

    def __init__(self, missing: Sequence[str], missing_count: int) -> None:
        super().__init__(tuple(missing), missing_count)
        self.missing = tuple(missing)
        self.missing_count = missing_count

    def __str__(self) -> str:
        who = ", ".join(self.missing) or "not known by name"
        return f"{self.missing_count} expected answers are missing: {who}"


class NotDelivered(GroupwireError):  # noqa: N818 - a fact about the group
    """Somebody has not got everything, or nobody was there to get it.

    ``missing`` holds the names of those who are known, ``missing_count`` the number in
    every case; ``reason`` says why it ended early, where it did.
    """

    def __init__(
        self, missing: Sequence[str], missing_count: int, reason: str = ""
    ) -> None:
        super().__init__(tuple(missing), missing_count, reason)
        self.missing = tuple(missing)
        self.missing_count = missing_count
        self.reason = reason

    def __str__(self) -> str:
        why = f" ({self.reason})" if self.reason else ""
        if not self.missing_count:
            return f"not delivered: nobody has it{why}"
        who = ", ".join(self.missing) or "not known by name"
        members = "member" if self.missing_count == 1 else "members"
        return f"not delivered to {self.missing_count} {members}{why}: {who}"


class DecodeError(GroupwireError):
    """Bytes that are not what they claim to be; ``reason`` is a counter's name."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ClosedError(UsageError):
    """Used after ``close()``."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} is closed", fix="open a new one")


def _sentence(problem: str, fix: str) -> str:
    return f"{problem}; {fix}" if fix else problem
