"""``python -m automl.cli``."""

from automl.cli import main

main()
