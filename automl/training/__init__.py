"""How networks are trained, and how anything fitted becomes bytes."""
