"""Directories held open, so that no link is followed below them."""
