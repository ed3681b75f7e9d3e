"""The promises of docs/reliability.md that take long or large runs to show, measured by hand.

One promise a file; each prints its figures. ``python -m tests.endurance --help`` lists them.
"""
