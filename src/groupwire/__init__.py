"""One message, every receiver, and proof that it arrived."""
