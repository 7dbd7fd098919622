"""The worker of campaigns, tortured as any other: killed where it answers, it comes to the same verdicts."""

from __future__ import annotations

from pathlib import Path

from tests.rig.cli.running import ROOT, crashproof

ANSWERS = "before/RespondActivityTaskCompleted/*try_batch*"


def test_the_worker_of_campaigns_is_killed_where_it_answers_for_a_batch_and_the_campaign_comes_to_the_same(
    tmp_path: Path,
) -> None:
    scenario = f"{ROOT / 'scenarios' / 'campaign.py'}::worker_dies"
    done = crashproof("run", scenario, "--only", ANSWERS, "-o", "json", cwd=tmp_path)
    points = done.json["points"]
    assert (done.status, done.json["outcome"], done.json["findings"]) == (0, "PASS", [])
    assert points["struck"] == points["known"] == 2
