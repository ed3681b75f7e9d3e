"""The door over HTTP: parse, call a service, show the answer."""
