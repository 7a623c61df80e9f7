"""The checks: each looks at one thing and knows what mends it."""

__all__: list[str] = []
