"""The foreign programs, started in a host and ready when they are returned."""

from __future__ import annotations

from pathlib import Path

from tests.lab.harness import Host, Process

__all__ = ["ARTICLE_RECEIVER", "article_receiver", "article_sender", "ssdp_responder"]

_HERE = Path(__file__).parent
ARTICLE_RECEIVER = str(_HERE / "article_receiver.py")


def article_receiver(host: Host) -> Process:
    """Start the article's receiver; it has joined."""
    process = host.python(ARTICLE_RECEIVER)
    process.line("waiting to receive message")
    return process


def article_sender(host: Host) -> Process:
    """Start the article's sender, which ends by itself."""
    return host.python(str(_HERE / "article_sender.py"))


def ssdp_responder(host: Host, *services: str) -> Process:
    """Start a device with these services; it has joined."""
    process = host.python(str(_HERE / "ssdp_responder.py"), host.v4, *services)
    process.line("listening")
    return process
