"""What the one-word reasons of a delivery mean, in words for people."""

from __future__ import annotations

from collections.abc import Sequence

from groupwire.cli.render.text import escape

__all__ = ["in_words", "listed"]

_WORDS = {
    "exists": "is there already, and no earlier pull has stored it; "
    "--overwrite replaces it",
    "unsafe-name": "its name could lead out of the directory or fool a terminal",
    "too-large": "over --max-size",
    "disk-full": "the disk is full",
    "read-only": "the directory cannot be written to",
    "vetoed": "refused by the program that receives",
    "clash": "its name differs from another one only by case or Unicode form",
    "io-error": "the disk failed",
    "gone": "the sender has it no more",
    "changed": "it changed while it was sent",
    "unsupported": "not taken without --links, or not possible here",
    "not-a-directory": "something that is no directory is in the way",
    "is-a-directory": "a directory of this name is there",
    "name-too-long": "its name is too long here",
    "other-filesystem": "another filesystem is mounted in the directory",
    "mismatch": "what came is not what was sent",
    "absent": "never answered",
    "refused": "takes no part",
    "replaced": "a newer sender has taken its place",
    "interrupted": "it was interrupted",
    "silent": "was silent for too long",
    "left": "was told to end",
    "slow": "could not take --drop-below",
    "busy": "takes part in another delivery",
    "digest": "its digest is not that of what was sent",
    "patience": "its patience was over",
    "stopped": "it was interrupted",
}


def in_words(reason: str) -> str:
    """Return a reason as a clause; what is not known as it came."""
    return _WORDS.get(reason) or escape(reason)


def listed(names: Sequence[str], most: int) -> str:
    """Join names, the first of them where they are many."""
    text = ", ".join(map(escape, names[:most]))
    more = len(names) - most
    return f"{text} and {more:,} more" if more > 0 else text
