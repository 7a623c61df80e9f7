"""Many datagrams at once: one system call, one segmented send, one row."""

__all__: list[str] = []
