"""What the deliveries of a pull need to speak and to be told."""
