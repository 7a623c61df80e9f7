"""Who is expected, as ``--expect`` says it; who is trusted, as networks."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any

import typer

from groupwire.errors import UsageError
from groupwire.gather import Expectation

__all__ = [
    "AnswerToOption",
    "expect_option",
    "expectation",
    "expected_names",
    "name_option",
    "network_option",
    "networks",
]

_LIST_LIMIT = 1 << 20
"""Characters of a file of members: 15,000 names of the longest kind."""


def expect_option(who: str, otherwise: str, *, addresses: bool = True) -> Any:
    """Return ``--expect``; ``who`` is what it says, ``otherwise`` what comes of it."""
    how = "NAME,NAME or ADDRESS,ADDRESS" if addresses else "NAME,NAME"
    return typer.Option(
        "--expect",
        "-e",
        metavar="WHO",
        help=f"{who}: a number, or {how}, or @FILE with one a line. {otherwise}",
        show_default=False,
    )


def network_option(flag: str, what: str) -> Any:
    """Return an option that names networks."""
    return typer.Option(
        flag,
        metavar="CIDR",
        help=f"{what}, such as 10.0.0.0/8. May be given several times.",
        show_default=False,
    )


AnswerToOption = Annotated[
    list[str] | None,
    network_option(
        "--answer-to", "Answer senders in this network too, beyond the own link"
    ),
]


def name_option(what: str) -> Any:
    """Return ``--name``."""
    return typer.Option(
        "--name",
        "-n",
        metavar="NAME",
        help=f"{what}: letters, digits and ._- (not only digits), up to 64. Without "
        "it the short host name.",
        show_default=False,
    )


def expectation(text: str | None) -> Expectation | None:
    """Read ``N``, ``NAME,NAME``, ``ADDRESS,ADDRESS`` or ``@FILE``."""
    if text is None:
        return None
    return Expectation.parse(_listed(text[1:]) if text.startswith("@") else text)


def expected_names(text: str | None, who: str) -> Expectation | None:
    """Read the same, where nobody is expected by address; ``who`` they are is told."""
    found = expectation(text)
    if found is not None and found.addresses:
        raise UsageError(
            f"{who} are expected by name and not by address",
            fix="use their names, or a number",
        )
    return found


def networks(
    option: str, texts: Iterable[str] | None
) -> tuple[IPv4Network | IPv6Network, ...]:
    """Read networks such as 10.0.0.0/8; ``option`` is named where one is none."""
    return tuple(_network(option, text) for text in texts or ())


def _listed(path: str) -> str:
    try:
        with Path(path).open(encoding="utf-8", errors="replace") as file:
            lines = file.read(_LIST_LIMIT).splitlines()
    except OSError as error:
        problem = f"--expect: {path}: {(error.strerror or str(error)).lower()}"
        raise UsageError(problem, fix="name a file with one member a line") from error
    words = (line.partition("#")[0].strip() for line in lines)
    return ",".join(word for word in words if word)


def _network(option: str, text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        raise UsageError(
            f"{option}: {text!r} is no network",
            fix="write it as 10.0.0.0/8, or a single address as 10.1.2.3",
        ) from None
