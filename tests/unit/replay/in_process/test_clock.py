from __future__ import annotations

import subprocess
import sys

PROGRAM = """
from datetime import UTC, date, datetime
from time import monotonic, time, time_ns
from harness.replay.in_process.clock import shift

right, steady = time(), monotonic()
shift(seconds=-86400.0)
for told in (time(), time_ns() / 1e9, datetime.now().timestamp(), datetime.now(UTC).timestamp()):
    assert -86401 < told - right < -86300, told
before, today, after = datetime.now().date(), date.today(), datetime.now().date()
assert before <= today <= after, today
assert monotonic() - steady > -1000
for _ in range(10_000):
    time(), datetime.now(tz=UTC)
print("right")
"""


def test_wall_clock_is_wrong_under_every_name_and_monotonic_time_is_not() -> None:
    told = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False, timeout=240)
    assert (told.stdout, told.stderr, told.returncode) == ("right\n", "", 0)
