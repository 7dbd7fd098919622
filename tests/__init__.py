"""The tests of crashproof.

``unit`` and ``rig`` mirror harness/; what starts real servers or worker processes is in ``rig``. ``bench`` measures;
``unit/bench`` tries how it counts.
"""

from pathlib import Path

TESTS = Path(__file__).parent
ROOT = TESTS.parent
