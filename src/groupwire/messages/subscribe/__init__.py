"""A subscriber: messages in, in order, and what is lost of them."""
