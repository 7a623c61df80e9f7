"""What the cores cost by themselves: no socket, no kernel, memory to memory."""
