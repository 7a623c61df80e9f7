"""ssmping's protocol: unicast and multicast side by side (RFC 6450, and older)."""

from groupwire.probe.ssmping.book import Answered, Book, Leg
from groupwire.probe.ssmping.groups import (
    PORT,
    SOURCE_SPECIFIC,
    answers_in,
    as_asked,
)
from groupwire.probe.ssmping.message import Kind, Message
from groupwire.probe.ssmping.responder import Bucket, Reply, Responder

__all__ = [
    "PORT",
    "SOURCE_SPECIFIC",
    "Answered",
    "Book",
    "Bucket",
    "Kind",
    "Leg",
    "Message",
    "Reply",
    "Responder",
    "answers_in",
    "as_asked",
]
