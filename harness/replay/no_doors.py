"""What a replay gives a worker, or its workflow code, in place of the doors of a trial."""

from __future__ import annotations

from harness.processes.command import KEYS
from harness.processes.ports import IP

_NOWHERE = f"http://{IP}:9"
"""Where nobody listens: port 9 is that of the discard protocol."""

METRICS_ADDRESS = f"{IP}:0"
"""Where a worker may serve metrics that nobody scrapes: at a free port, which the system chooses."""

NO_DOORS = {
    "OPENAI_BASE_URL": f"{_NOWHERE}/v1",
    **KEYS,
    "ANTHROPIC_BASE_URL": _NOWHERE,
    "EFFECTS_URL": _NOWHERE,
    "METRICS_ADDRESS": METRICS_ADDRESS,
}
"""The variables of the HTTP doors of a trial: a replay calls no model, and code that does all the same reaches none."""
