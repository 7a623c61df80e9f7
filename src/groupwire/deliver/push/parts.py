"""The parts of a push that know each other."""

from __future__ import annotations

from dataclasses import dataclass

from groupwire.deliver.entries import Manifest
from groupwire.deliver.push.cargo.digesting import Digesting
from groupwire.deliver.push.cargo.files import Files
from groupwire.deliver.push.cargo.sending import Sending
from groupwire.deliver.push.course import Course
from groupwire.deliver.push.group.gathering import Gathering
from groupwire.deliver.push.group.members import Members
from groupwire.deliver.push.group.settling import Settling
from groupwire.deliver.push.rules import PushRules
from groupwire.deliver.shelf import Shelf
from groupwire.norm import Sender

__all__ = ["Parts"]


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything but what meets the wire."""

    rules: PushRules
    course: Course
    files: Files
    members: Members
    gathering: Gathering
    digesting: Digesting
    sending: Sending
    settling: Settling

    @classmethod
    def of(
        cls, rules: PushRules, manifest: Manifest, shelf: Shelf, sender: Sender
    ) -> Parts:
        """Make the parts of a new push."""
        files, members = Files(manifest), Members(rules.patience_s / 2)
        sending = Sending(sender, files, shelf, members.held_by_all)
        return cls(
            rules,
            Course(),
            files,
            members,
            Gathering(rules, members),
            Digesting(files, shelf),
            sending,
            Settling(files, sending),
        )
