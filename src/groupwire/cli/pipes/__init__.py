"""The two ends of a pipe that carries any bytes."""
