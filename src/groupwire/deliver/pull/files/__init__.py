"""The files of a delivery on their way to the disk."""
