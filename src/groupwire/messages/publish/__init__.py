"""A publisher: messages out, and who has them."""
