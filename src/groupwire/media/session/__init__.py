"""What is on the air: SDP (RFC 8866) told and heard by SAP (RFC 2974)."""

from groupwire.media.session.announcer import Announcer
from groupwire.media.session.description import Description, Media
from groupwire.media.session.interval import Repetition
from groupwire.media.session.packet import SapPacket
from groupwire.media.session.scopes import announcement_group, listened_groups
from groupwire.media.session.table import Session, SessionEvent, SessionTable, State

__all__ = [
    "Announcer",
    "Description",
    "Media",
    "Repetition",
    "SapPacket",
    "Session",
    "SessionEvent",
    "SessionTable",
    "State",
    "announcement_group",
    "listened_groups",
]
