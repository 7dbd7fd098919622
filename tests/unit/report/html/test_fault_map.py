"""The map says of each point what each fault came to there."""

from __future__ import annotations

from harness.records.verdict import Outcome
from harness.report.html.fault_map import fault_map
from tests.unit.report.samples import KILL, POINT, verdict


def test_each_trial_with_one_strike_has_its_cell_and_the_worst_of_a_cell_stands() -> None:
    other = f"kill-server@{POINT.id}"
    found = fault_map(
        [
            verdict("1a2b3c", "baseline", Outcome.PASS),
            verdict("9f3a2c", KILL, Outcome.PASS),
            verdict("77aa01", f"{KILL};real-time", Outcome.FAIL),
            verdict("55bb02", f"reply-lost@{POINT.at('after').id}", Outcome.PASS),
            verdict("66cc03", f"{KILL},{other}", Outcome.UNKNOWN),
        ]
    )
    assert found.faults == ["kill-worker", "reply-lost"]
    assert found.rows == [(POINT.text, ["FAIL", ""]), (POINT.at("after").text, ["", "PASS"])]
