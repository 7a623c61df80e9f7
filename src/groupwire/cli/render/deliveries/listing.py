"""``push --dry-run``: what would be sent."""

from __future__ import annotations

from typing import Any

from groupwire.cli.render.deliveries.ink.figures import amount
from groupwire.cli.render.out import Out
from groupwire.cli.render.text import escape, plural
from groupwire.deliver.entries import Entry, Kind, Manifest
from groupwire.deliver.store.walk import Left, Tree

__all__ = ["show_left", "show_listing"]

_KINDS = {
    Kind.FILE: ("file", "files"),
    Kind.DIRECTORY: ("directory", "directories"),
    Kind.LINK: ("link", "links"),
}


def show_listing(out: Out, manifest: Manifest) -> None:
    """Show every entry with its size, and what it comes to."""
    if out.json:
        for entry in manifest.entries:
            out.event("entry", _fields(entry))
        sums = {_KINDS[kind][1]: _count(manifest, kind) for kind in Kind}
        out.event("end", {**sums, "bytes": manifest.total_bytes})
        return
    sizes = [_size(entry) for entry in manifest.entries]
    width = max(map(len, sizes), default=0)
    for entry, size in zip(manifest.entries, sizes, strict=True):
        out.line(f"{out.paint(size.rjust(width), 'dim')}  {_name(entry)}")
    out.note(f"{_sum(manifest)}; nothing was sent")


def _count(manifest: Manifest, kind: Kind) -> int:
    return sum(entry.kind is kind for entry in manifest.entries)


def _fields(of: Entry) -> dict[str, Any]:
    return {
        "path": of.path,
        "kind": _KINDS[of.kind][0],
        "bytes": of.size_bytes,
        "mode": f"{of.mode:04o}",
        "target": of.target if of.kind is Kind.LINK else None,
    }


def _size(of: Entry) -> str:
    if of.kind is not Kind.FILE:
        return ""
    return "?" if of.size_bytes is None else f"{of.size_bytes:,}"


def _name(of: Entry) -> str:
    if of.kind is Kind.LINK:
        return f"{escape(of.path)} -> {escape(of.target)}"
    return f"{escape(of.path)}/" if of.kind is Kind.DIRECTORY else escape(of.path)


def _sum(manifest: Manifest) -> str:
    total, parts = manifest.total_bytes, [plural(manifest.files, "file")]
    if directories := _count(manifest, Kind.DIRECTORY):
        parts.append(
            "1 directory" if directories == 1 else f"{directories:,} directories"
        )
    if links := _count(manifest, Kind.LINK):
        parts.append(plural(links, "link"))
    parts.append("of unknown length" if total is None else amount(total))
    return ", ".join(parts)


def show_left(out: Out, tree: Tree) -> None:
    """Say what is not delivered, and why; links and devices only to the curious."""
    for kind, some in (("problem", tree.problems), ("skipped", tree.skipped)):
        for one in some:
            if out.json:
                out.event(kind, {"path": one.path, "reason": one.reason})
            elif kind == "problem":
                out.complain(f"{out.note_paint('not delivered:', 'red')} {_said(one)}")
            else:
                out.detail(f"  left out: {_said(one)}")
    if tree.skipped and not out.verbose:
        out.note(f"{len(tree.skipped):,} left out (links, devices); -v lists them")


def _said(left: Left) -> str:
    return f"{escape(left.path)}: {escape(left.reason)}"
