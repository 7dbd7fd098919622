"""``python -m harness.cli`` is ``crashproof``."""

from harness.cli import main

main()
