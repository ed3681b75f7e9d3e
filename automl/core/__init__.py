"""The values and ports of the domain: standard library and numpy only."""
