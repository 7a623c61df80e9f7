"""What lines are drawn with: figures, words, tables, and a board that is drawn anew."""

__all__: list[str] = []
