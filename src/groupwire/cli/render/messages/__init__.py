"""What the commands show that publish messages and take them."""
