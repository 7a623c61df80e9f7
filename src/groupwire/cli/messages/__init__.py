"""The commands that publish messages and take them."""
