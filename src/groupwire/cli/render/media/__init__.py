"""What is shown of media that are sent, received and announced."""

__all__: list[str] = []
