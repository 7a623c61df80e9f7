"""Files off the event loop: read and digested ahead, written behind."""

from groupwire.run.disk.shelf import FileShelf
from groupwire.run.disk.storage import DiskStorage

__all__ = ["DiskStorage", "FileShelf"]
