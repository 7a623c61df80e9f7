"""Debian's libnorm1 (NRL NORM 1.5) through ctypes: what the tests need of normApi.h.

Objects, nodes and sessions are the library's own handles. A library that fails may
take its process along, so only ``norm_peer`` uses this, in a process of its own.
"""

from __future__ import annotations

import ctypes
import select
from collections.abc import Iterable
from ctypes import c_bool, c_char_p, c_double, c_int, c_int64, c_uint, c_void_p
from ctypes import c_uint8 as u8
from ctypes import c_uint16 as u16
from ctypes import c_uint32 as u32
from enum import IntEnum, auto
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

__all__ = [
    "AckStatus",
    "Event",
    "Happening",
    "Instance",
    "LibnormError",
    "ObjectType",
    "Session",
    "SyncPolicy",
    "call",
    "command",
    "content",
    "info",
    "is_there",
    "need",
    "read_stream",
]

_SONAME = "libnorm.so.1"
_LONGEST = 65_536


class Event(IntEnum):
    """The library's NormEventType, in its order."""

    INVALID = 0
    TX_QUEUE_VACANCY = auto()
    TX_QUEUE_EMPTY = auto()
    TX_FLUSH_COMPLETED = auto()
    TX_WATERMARK_COMPLETED = auto()
    TX_CMD_SENT = auto()
    TX_OBJECT_SENT = auto()
    TX_OBJECT_PURGED = auto()
    TX_RATE_CHANGED = auto()
    LOCAL_SENDER_CLOSED = auto()
    REMOTE_SENDER_NEW = auto()
    REMOTE_SENDER_RESET = auto()
    REMOTE_SENDER_ADDRESS = auto()
    REMOTE_SENDER_ACTIVE = auto()
    REMOTE_SENDER_INACTIVE = auto()
    REMOTE_SENDER_PURGED = auto()
    RX_CMD_NEW = auto()
    RX_OBJECT_NEW = auto()
    RX_OBJECT_INFO = auto()
    RX_OBJECT_UPDATED = auto()
    RX_OBJECT_COMPLETED = auto()
    RX_OBJECT_ABORTED = auto()
    RX_ACK_REQUEST = auto()
    GRTT_UPDATED = auto()
    CC_ACTIVE = auto()
    CC_INACTIVE = auto()
    ACKING_NODE_NEW = auto()
    SEND_ERROR = auto()
    USER_TIMEOUT = auto()


class ObjectType(IntEnum):
    NONE = 0
    DATA = 1
    FILE = 2
    STREAM = 3


class AckStatus(IntEnum):
    INVALID = 0
    FAILURE = 1
    PENDING = 2
    SUCCESS = 3


class SyncPolicy(IntEnum):
    CURRENT = 0
    STREAM = 1
    ALL = 2


class LibnormError(Exception):
    """A function of the library said no."""


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", c_int),
        ("session", c_void_p),
        ("sender", c_void_p),
        ("object", c_void_p),
    )


_SIZE = ctypes.POINTER(c_uint)
_SIGNATURES: dict[str, tuple[Any, ...]] = {
    # The result, then the arguments; a handle comes first.
    "CreateInstance": (c_void_p, c_bool),
    "DestroyInstance": (None, c_void_p),
    "SetCacheDirectory": (c_bool, c_void_p, c_char_p),
    "GetNextEvent": (c_bool, c_void_p, ctypes.POINTER(_Event), c_bool),
    "GetDescriptor": (c_int, c_void_p),
    "CreateSession": (c_void_p, c_void_p, c_char_p, u16, u32),
    "DestroySession": (None, c_void_p),
    "SetMulticastInterface": (c_bool, c_void_p, c_char_p),
    "SetLoopback": (c_bool, c_void_p, c_bool),
    "SetMulticastLoopback": (c_bool, c_void_p, c_bool),
    "SetTTL": (c_bool, c_void_p, u8),
    "SetRxPortReuse": (None, c_void_p, c_bool, c_char_p, c_char_p, u16),
    "SetTxPort": (c_bool, c_void_p, u16, c_bool, c_char_p),
    "LimitObjectInfo": (None, c_void_p, c_bool),
    "SetTxLoss": (None, c_void_p, c_double),
    "SetRxLoss": (None, c_void_p, c_double),
    "StartSender": (c_bool, c_void_p, u16, u32, u16, u16, u16, u8),
    "StopSender": (None, c_void_p),
    "SetTxRate": (None, c_void_p, c_double),
    "GetTxRate": (c_double, c_void_p),
    "SetCongestionControl": (None, c_void_p, c_bool, c_bool),
    "SetTxCacheBounds": (None, c_void_p, c_int64, u32, u32),
    "SetAutoParity": (None, c_void_p, u8),
    "SetGrttEstimate": (None, c_void_p, c_double),
    "GetGrttEstimate": (c_double, c_void_p),
    "SetGrttProbingInterval": (None, c_void_p, c_double, c_double),
    "SetGrttProbingMode": (None, c_void_p, c_int),
    "SetBackoffFactor": (None, c_void_p, c_double),
    "SetGroupSize": (None, c_void_p, c_uint),
    "SetTxRobustFactor": (None, c_void_p, c_int),
    "FileEnqueue": (c_void_p, c_void_p, c_char_p, c_char_p, c_uint),
    "DataEnqueue": (c_void_p, c_void_p, c_char_p, u32, c_char_p, c_uint),
    "StreamOpen": (c_void_p, c_void_p, u32, c_char_p, c_uint),
    "StreamClose": (None, c_void_p, c_bool),
    "StreamWrite": (c_uint, c_void_p, c_char_p, c_uint),
    "StreamFlush": (None, c_void_p, c_bool, c_int),
    "StreamMarkEom": (None, c_void_p),
    "StreamRead": (c_bool, c_void_p, c_char_p, _SIZE),
    "StreamSeekMsgStart": (c_bool, c_void_p),
    "SetAutoAckingNodes": (None, c_void_p, c_int),
    "AddAckingNode": (c_bool, c_void_p, u32),
    "SetWatermark": (c_bool, c_void_p, c_void_p, c_bool),
    "GetAckingStatus": (c_int, c_void_p, u32),
    "SendCommand": (c_bool, c_void_p, c_char_p, c_uint, c_bool),
    "NodeGetCommand": (c_bool, c_void_p, c_char_p, _SIZE),
    "NodeGetId": (u32, c_void_p),
    "NodeGetGrtt": (c_double, c_void_p),
    "StartReceiver": (c_bool, c_void_p, u32),
    "StopReceiver": (None, c_void_p),
    "SetRxCacheLimit": (None, c_void_p, u16),
    "SetTxSocketBuffer": (c_bool, c_void_p, c_uint),
    "SetRxSocketBuffer": (c_bool, c_void_p, c_uint),
    "SetSilentReceiver": (None, c_void_p, c_bool, c_int),
    "SetDefaultUnicastNack": (None, c_void_p, c_bool),
    "SetDefaultSyncPolicy": (None, c_void_p, c_int),
    "ObjectGetType": (c_int, c_void_p),
    "ObjectHasInfo": (c_bool, c_void_p),
    "ObjectGetInfo": (u16, c_void_p, c_char_p, u16),
    "ObjectGetSize": (c_int64, c_void_p),
    "ObjectGetSender": (c_void_p, c_void_p),
    "ObjectCancel": (None, c_void_p),
    "FileGetName": (c_bool, c_void_p, c_char_p, c_uint),
    "DataAccessData": (c_void_p, c_void_p),
}


def is_there() -> bool:
    """Whether the library is installed (Debian: libnorm1)."""
    try:
        ctypes.CDLL(_SONAME)
    except OSError:
        return False
    return True


@cache
def _library() -> ctypes.CDLL:
    library = ctypes.CDLL(_SONAME)
    for name, (result, *arguments) in _SIGNATURES.items():
        function = getattr(library, f"Norm{name}")
        function.restype, function.argtypes = result, arguments
    return library


def call(name: str, *arguments: object) -> Any:
    """Return what ``Norm<name>`` returns."""
    return getattr(_library(), f"Norm{name}")(*arguments)


def need(name: str, *arguments: object) -> Any:
    """Return what ``Norm<name>`` returns; LibnormError for no, nothing and 0."""
    if not (result := call(name, *arguments)):
        raise LibnormError(f"Norm{name} failed")
    return result


class Happening(NamedTuple):
    """An event; its handles hold until the next one is asked for."""

    event: Event
    sender: int | None
    object: int | None


class Instance:
    """The library's thread; files are received only where there is a directory."""

    def __init__(self, directory: Path) -> None:
        self._handle = need("CreateInstance", False)
        need("SetCacheDirectory", self._handle, f"{directory}/".encode())
        self._descriptor = call("GetDescriptor", self._handle)

    def session(self, address: str, port: int, node: int) -> Session:
        """Open nothing yet; sockets come with the sender or receiver."""
        return Session(
            need("CreateSession", self._handle, address.encode(), port, node)
        )

    def next(self, within_s: float) -> Happening | None:
        """Return the next event, None if there is none for so long."""
        event = _Event()
        if not select.select([self._descriptor], [], [], max(0.0, within_s))[0]:
            return None
        if not call("GetNextEvent", self._handle, ctypes.byref(event), False):
            return None
        return Happening(Event(event.type), event.sender, event.object)

    def close(self) -> None:
        call("DestroyInstance", self._handle)


class Session:
    """One group, and one node in it: sender, receiver or both."""

    def __init__(self, handle: int) -> None:
        self._handle = handle

    def call(self, name: str, *arguments: object) -> Any:
        """Call ``Norm<name>`` for this session."""
        return call(name, self._handle, *arguments)

    def need(self, name: str, *arguments: object) -> Any:
        """Call ``Norm<name>`` for this session; LibnormError where it fails."""
        return need(name, self._handle, *arguments)

    def share(self, interface: str) -> None:
        """Use an interface together with other programs of this host."""
        self.need("SetMulticastInterface", interface.encode())
        self.call("SetRxPortReuse", True, None, None, 0)
        self.need("SetMulticastLoopback", True)

    def ack_status(self, nodes: Iterable[int]) -> dict[int, AckStatus]:
        return {n: AckStatus(self.call("GetAckingStatus", n)) for n in nodes}


def info(of: int) -> bytes:
    """Return an object's info; empty if it has none."""
    buffer = ctypes.create_string_buffer(_LONGEST - 1)
    size = min(call("ObjectGetInfo", of, buffer, _LONGEST - 1), _LONGEST - 1)
    return buffer.raw[:size]


def content(of: int) -> bytes:
    """Return the bytes of a received data object or file."""
    if call("ObjectGetType", of) == ObjectType.FILE:
        name = ctypes.create_string_buffer(4096)
        need("FileGetName", of, name, 4096)
        return Path(name.value.decode()).read_bytes()
    size = call("ObjectGetSize", of)
    return ctypes.string_at(need("DataAccessData", of), size) if size else b""


def read_stream(of: int, limit: int = _LONGEST) -> bytes | None:
    """Return what has come, empty for nothing new; None where bytes are lost."""
    buffer, size = ctypes.create_string_buffer(limit), c_uint(limit)
    if not call("StreamRead", of, buffer, ctypes.byref(size)):
        return None
    return buffer.raw[: size.value]


def command(sender: int) -> bytes | None:
    """Return one command of a sender; ask once for each RX_CMD_NEW, and no oftener.

    The library links the buffers that it uses again into a ring, so that asking until
    there is no more would never end.
    """
    buffer, size = ctypes.create_string_buffer(_LONGEST), c_uint(_LONGEST)
    if not call("NodeGetCommand", sender, buffer, ctypes.byref(size)):
        return None
    return buffer.raw[: size.value]
