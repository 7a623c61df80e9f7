"""The options of the commands that publish messages and take them."""
