"""ssmping's protocol: unicast and multicast side by side (RFC 6450, and older)."""

from groupwire.probe.ssmping.book import Book
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
    "Book",
    "Bucket",
    "Kind",
    "Message",
    "Reply",
    "Responder",
    "answers_in",
    "as_asked",
]
