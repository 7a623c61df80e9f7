"""What travels: the queries that switches live on, and what the doctors say."""

__all__: list[str] = []
