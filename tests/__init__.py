"""The tests of crashproof.

``unit`` and ``rig`` mirror harness/; what starts real servers or worker processes is in ``rig``. ``bench`` measures.
"""

from pathlib import Path

TESTS = Path(__file__).parent
ROOT = TESTS.parent
