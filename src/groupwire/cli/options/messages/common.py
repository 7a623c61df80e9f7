"""The options that publishers and subscribers share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from groupwire.cli.options.common import InterfaceOption, Where, group_option
from groupwire.cli.options.members import name_option
from groupwire.errors import UsageError
from groupwire.values import DEFAULT_MESSAGE_GROUP

__all__ = ["MessagePlace", "NameOption"]

NameOption = Annotated[str | None, name_option("The name that the others see")]


@dataclass(frozen=True, slots=True)
class MessagePlace:
    """Where messages are published; they have a port of their own."""

    group: Annotated[str | None, group_option(DEFAULT_MESSAGE_GROUP)] = None
    interface: InterfaceOption = None

    def read(self) -> Where:
        """Return what the texts mean; AddressError and UsageError."""
        where = Where.read(self.group, self.interface, default=DEFAULT_MESSAGE_GROUP)
        if where.group.source is not None or where.group.is_source_specific:
            raise UsageError(
                "messages need a group in which all may speak, and "
                f"{where.group} is for one source",
                fix=f"use one such as {DEFAULT_MESSAGE_GROUP}",
            )
        return where
