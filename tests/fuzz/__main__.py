"""Fuzz all that is read from others: `python -m tests.fuzz [--seconds N] [--seed N]`.

A surface is a function of the test files beside this one, run by pytest with Hypothesis. A case that is not told as
what it is (a traceback, a hang, an exit status that says something of the outcome) fails, and Hypothesis shows the
smallest one; it belongs into the tests of the part that it broke.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
LEAST = 5.0
"""Seconds that a surface has at least."""


def main() -> int:
    """Run every surface, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--seconds", type=float, default=480.0, help="How long all of it takes, about.")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    given = parser.parse_args()
    print(f"fuzz: --seed {given.seed} --seconds {given.seconds:g}", flush=True)
    surfaces = sorted(HERE.glob("fuzz_*.py"))
    deadline, failed = time.monotonic() + given.seconds, []
    for number, surface in enumerate(surfaces):
        share = max(LEAST, (deadline - time.monotonic()) / (len(surfaces) - number))
        if _fuzz(surface, seed=given.seed, seconds=share):
            failed.append(surface.stem)
    print(f"fuzz: {'failed: ' + ', '.join(failed) if failed else 'nothing broke'}; seed {given.seed}", flush=True)
    return 1 if failed else 0


def _fuzz(surface: Path, *, seed: int, seconds: float) -> int:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        f"--hypothesis-seed={seed}",
        str(surface),
    ]
    command.append(str(surface))
    environment = {**os.environ, "CRASHPROOF_FUZZ_SECONDS": str(seconds)}
    try:
        return subprocess.run(command, env=environment, timeout=seconds + 120, check=False).returncode
    except subprocess.TimeoutExpired:
        print(f"fuzz: {surface.stem} did not end in time", flush=True)
        return 1


sys.exit(main())
