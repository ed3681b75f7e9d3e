"""Answers: how values of the domain look as JSON; /openapi.json shows these schemas."""
