"""The points that a scenario names: each is one that the undisturbed run comes to."""

from __future__ import annotations

from harness.errors import UsageError, several_nearest
from harness.records.evidence import Evidence
from harness.records.point import comes_to
from harness.records.scenario import TIMED, Scenario, Send


def look_at_points(scenario: Scenario, baseline: Evidence) -> None:
    """Look whether the first undisturbed run came to every point at which something is to be sent.

    Raises:
        UsageError: It did not come to one, though it was not cut short; the message names the nearest.
    """
    if baseline.end == "closed" and _gave_up(baseline):
        return
    met = {entry.point.id: entry.point.place for entry in baseline.tape if entry.point}
    for send in scenario.sends:
        if send.at not in TIMED and not any(comes_to(point, send.at) for point in met):
            close = several_nearest(send.at, dict.fromkeys([*met.values(), *met]))
            raise UsageError(
                f"{_in_words(send)} is to be sent at {send.at!r}, but no message of the undisturbed run is at that "
                f"point{close}; `crashproof run ... --list` shows them"
            )


def _gave_up(baseline: Evidence) -> bool:
    return any("FAILED" in str(event["eventType"]) for each in baseline.roots for event in each.events[-1:])


def _in_words(send: Send) -> str:
    return "what lets time pass" if send.kind == "pass" else f"{send.kind} {send.name}".rstrip()
