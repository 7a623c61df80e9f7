"""A terminal that remembers what was drawn."""

from __future__ import annotations

import io
import re

import pytest


class Terminal(io.StringIO):
    """What a stream to a person looks like."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True

    @staticmethod
    def prepare(monkeypatch: pytest.MonkeyPatch) -> None:
        """Set the environment to a terminal of a usual size without colours."""
        for name, value in {
            "NO_COLOR": "1",
            "TERM": "xterm",
            "LINES": "24",
            "COLUMNS": "80",
        }.items():
            monkeypatch.setenv(name, value)

    def last(self) -> list[str]:
        """Return the lines drawn last, without what moves the cursor."""
        drawn = re.split("\r(?:\x1b\\[\\d+A)?", self.getvalue())
        return [line.removesuffix("\x1b[K") for line in drawn[-1].splitlines()[:-1]]
