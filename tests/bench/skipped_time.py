"""How long a day's pause and the whole retry ladder take where time is skipped, by the test that proves it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.bench.table import Figure, below

ROOT = Path(__file__).parent.parent.parent
TEST = "tests/rig/scenarios/test_research_skipped_time.py"
_TOOK = re.compile(r"^(\S+): a day's pause and the ladder of .* took ([\d.]+) s$", re.MULTILINE)


def measure() -> list[Figure]:
    """Run the test on each engine that skips time, and read the seconds that it prints."""
    command = [sys.executable, "-m", "pytest", "-q", "-s", "-k", "the_whole_ladder", TEST]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    took = _TOOK.findall(done.stdout)
    if done.returncode or not took:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}")
    return [
        below(f"a day's pause and the retry ladder, engine {engine}", float(seconds), 5, unit="s", digits=1)
        for engine, seconds in took
    ]
