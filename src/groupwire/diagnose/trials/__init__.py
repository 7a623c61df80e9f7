"""What real datagrams show: loopback, queries, a peer."""

__all__: list[str] = []
