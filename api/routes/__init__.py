"""One file a resource; a route is parse → call → view."""
