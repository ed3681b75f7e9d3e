"""Use cases over the ports: what the doors ask for, knowing no HTTP, no SQL and no torch."""
