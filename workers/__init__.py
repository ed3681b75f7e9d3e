"""The door through which work comes: doorbells, worker processes and their supervision."""
