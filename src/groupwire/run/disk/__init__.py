"""Files off the event loop: read and digested ahead, written behind."""

from groupwire.run.disk.shelf import FileShelf

__all__ = ["FileShelf"]
