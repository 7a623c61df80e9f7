"""Sockets for whoever carries a NORM core, and what runs it on them."""
