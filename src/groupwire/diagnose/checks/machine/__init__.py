"""What the system tells of itself: firewall, limits, sockets, where it stands."""

__all__: list[str] = []
