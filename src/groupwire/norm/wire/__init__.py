"""What NORM puts on the wire, encode beside decode."""
