"""A service under fire: seeded strikes, what its clients were told, and what must hold after."""
