"""The command line: people on one side, ``aio`` on the other; no protocol in here.

A command's module is imported when the command is called, so that ``--help`` is quick.
"""

from __future__ import annotations

from groupwire.cli.app import run

__all__ = ["run"]
