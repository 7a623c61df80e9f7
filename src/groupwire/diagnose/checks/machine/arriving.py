"""What came for the group while the doctor looked: on the wire, and to a program."""

from __future__ import annotations

from typing import ClassVar

from groupwire.diagnose.check import Scene
from groupwire.diagnose.finding import Looked
from groupwire.diagnose.trials.came import Came

__all__ = ["Arriving"]


class Arriving:
    """Tells what came; why something does not is for others to say."""

    codes: ClassVar[tuple[str, ...]] = ()

    def look(self, scene: Scene) -> Looked:
        """Say what reached the interfaces, and where it was lost on this machine."""
        seen = scene.seen(Came)
        group = scene.question.group.ip
        return Looked(
            at=tuple(_told(one) for one in seen),
            unsure=tuple(
                f"datagrams for {group} from {', '.join(map(str, one.unheard))} reach "
                f"{one.interface}, and no program here is given them"
                for one in seen
                if one.unheard and not one.port_taken
            ),
        )


def _told(came: Came) -> str:
    wire = "" if came.on_wire is None else f", {came.on_wire} seen on the wire"
    sources = ", ".join(map(str, came.sources))
    whence = f", from {sources}" if sources else ""
    tests = f" ({came.tests} of them tests of a doctor)" if came.tests else ""
    more = f", {came.dropped} more than it could read" if came.dropped else ""
    return (
        f"what comes for the group on {came.interface}: {came.heard} datagrams in "
        f"{came.watched_s:g} s{tests}{more}{wire}{whence}"
    )
