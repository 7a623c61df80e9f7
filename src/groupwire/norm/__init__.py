"""NORM (RFC 5740) as its reference implementation speaks it: no socket, no clock."""
