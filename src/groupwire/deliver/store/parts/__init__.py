"""Files on their way: temporary ones with journals, and small ones in memory."""
