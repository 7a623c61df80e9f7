"""Sums of scaled symbols by Intel's ISA-L, where it is installed; never a must.

The library has the same field, so what it makes is the same byte for byte.
"""

from __future__ import annotations

import ctypes
from array import array
from collections.abc import Callable, Sequence
from functools import cache, lru_cache

from groupwire.norm.fec.field import Matrix
from groupwire.norm.fec.sums import Combine, Symbol

__all__ = ["find"]

_FACTOR_BYTES = 32
"""Of the library's tables, for each factor of a matrix."""
_ADDRESS = "L"
"""An array's unsigned long: as wide as a pointer wherever the library is."""


@cache
def find(name: str = "libisal.so.2") -> Combine | None:
    """Return what ISA-L makes sums with, None where it is not there or another one."""
    try:
        library = ctypes.CDLL(name)
        init, encode = library.ec_init_tables, library.ec_encode_data
    except (OSError, AttributeError):
        return None
    number, pointer = ctypes.c_int, ctypes.c_void_p
    init.argtypes = [number, number, ctypes.c_char_p, pointer]
    encode.argtypes = [number, number, number, pointer, pointer, pointer]
    init.restype = encode.restype = None
    return _Isal(init, encode).combine


class _Isal:
    """The library's two functions, with the tables of the matrices used last."""

    def __init__(
        self, init_tables: Callable[..., None], encode_data: Callable[..., None]
    ) -> None:
        self._init_tables = init_tables
        self._encode_data = encode_data
        self._tables = lru_cache(maxsize=32)(self._make_tables)

    def combine(
        self, rows: Matrix, symbols: Sequence[Symbol], size_bytes: int
    ) -> list[bytes]:
        """Do what sums.combine does."""
        if not (rows and symbols and size_bytes):
            return [bytes(size_bytes) for _ in rows]
        data = _joined(symbols, size_bytes)
        made = bytearray(len(rows) * size_bytes)
        sources = _addresses(data, len(symbols), size_bytes)
        targets = _addresses(made, len(rows), size_bytes)
        self._encode_data(
            size_bytes,
            len(symbols),
            len(rows),
            self._tables(rows),
            sources.buffer_info()[0],
            targets.buffer_info()[0],
        )
        view = memoryview(made)
        return [
            view[at : at + size_bytes].tobytes()
            for at in range(0, len(made), size_bytes)
        ]

    def _make_tables(self, rows: Matrix) -> ctypes.Array[ctypes.c_char]:
        factors = b"".join(rows)
        tables = ctypes.create_string_buffer(_FACTOR_BYTES * len(factors))
        self._init_tables(len(rows[0]), len(rows), factors, tables)
        return tables


def _joined(symbols: Sequence[Symbol], size_bytes: int) -> bytearray:
    """Return all symbols in a row, filled with zeros where they are short.

    One copy of all costs less than asking each for its address, and views of memory
    that may not be written have none to give.
    """
    data = bytearray().join(symbols)
    if len(data) == len(symbols) * size_bytes:
        return data
    return bytearray().join(bytes(s).ljust(size_bytes, b"\x00") for s in symbols)


def _addresses(buffer: bytearray, count: int, size_bytes: int) -> array[int]:
    """Return the addresses of ``count`` symbols; they hold while the buffer does."""
    first = ctypes.addressof(ctypes.c_char.from_buffer(buffer))
    # Filled from a range, which takes a tenth of what an array of ctypes does.
    return array(_ADDRESS, range(first, first + count * size_bytes, size_bytes))
