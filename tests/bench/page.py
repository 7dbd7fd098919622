"""What the report of 5,000 trials costs: how long it takes to make, how large its page is, how fast that opens."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from harness import checks, faults
from harness.records.cut import Cut
from harness.records.plan import Strike, parse
from harness.records.point import Point
from harness.records.sweep_result import SweepResult
from harness.records.verdict import EvidenceEntry, Finding, Judgement, Outcome, TimeTaken, Verdict
from harness.report.files import forms
from harness.report.form import RunReport
from tests.bench.table import Figure, below

SCENARIOS, POINTS, FAULTS = 5, 10, 100

_MEASURING = """<script>
addEventListener("load", () => {
  document.body.getBoundingClientRect();
  const opened = performance.now();
  for (const each of document.querySelectorAll("details")) each.open = true;
  document.body.getBoundingClientRect();
  const all = performance.now();
  for (const search of document.querySelectorAll("input[type=search]")) {
    search.value = "model-503";
    search.dispatchEvent(new Event("input"));
  }
  document.body.getBoundingClientRect();
  document.title = `measured ${opened} ${all - opened} ${performance.now() - all}`;
});
</script>"""


def measure() -> list[Figure]:
    """Make every form of the report of 5,000 trials, and open its page in headless Chromium where that is there."""
    run = RunReport(sweeps=[_swept(f"scenario-{number}") for number in range(SCENARIOS)])
    began = time.process_time()
    made = {form.file: form.make(run) for form in forms()}
    took = time.process_time() - began
    page = made["report.html"]
    return [
        below("report of 5,000 trials, every form", took, 20, unit="CPU-s", digits=1),
        below("  its page", len(page) / 1e6, 15, unit="MB", digits=1),
        *_opened(page.decode()),
    ]


def _opened(page: str) -> list[Figure]:
    chromium = shutil.which("chromium")
    if chromium is None:
        return [Figure(name="  opened in Chromium", measured="not measured: there is none")]
    # The page's own policy lets no script run but its own.
    page = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page).replace(
        "</body>", f"{_MEASURING}</body>"
    )
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "report.html"
        file.write_text(page)
        command = [chromium, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}/profile"]
        command += ["--dump-dom", file.as_uri()]
        shown = subprocess.run(command, capture_output=True, text=True, timeout=180, check=True).stdout
    [found] = re.findall(r"<title>measured (\S+) (\S+) (\S+)</title>", shown)
    opened, unfolded, filtered = (float(number) / 1000 for number in found)
    return [
        below("  opened in Chromium", opened, 1, unit="s", digits=2),
        Figure(name="  everything unfolded", measured=f"{unfolded:.2f} s"),
        below("  all trials filtered", filtered, 1, unit="s", digits=2),
    ]


def _swept(scenario: str) -> SweepResult:
    """Return the sweep of a scenario with 1,000 trials, one in seven of which fails."""
    names = [fault.name for fault in faults.listed()][:FAULTS]
    points = [
        Point(
            position="before",
            door="wire",
            operation="RespondActivityTaskCompleted",
            workflow="TripAgent",
            subject="charge",
            execution=number + 1,
            attempt=1,
        )
        for number in range(POINTS)
    ]
    strikes = [Strike(name, point.id) for point in points for name in names]
    return SweepResult(
        scenario=scenario,
        title="A trip is paid once.",
        verdicts=tuple(_verdict(scenario, number, strike) for number, strike in enumerate(strikes)),
        cuts=tuple(Cut(point, fault=name) for point in points for name in names),
        struck=tuple(strikes),
        seconds=600.0,
    )


def _verdict(scenario: str, number: int, strike: Strike) -> Verdict:
    failed = number % 7 == 0
    twice = Finding(
        check="effects-happen-once",
        message=f"charge of order {number % 50} happened 2 times, expected once",
        subject=f"charge of order {number % 50}",
        evidence=(EvidenceEntry("12:00:03.611", "worker 22863", ("attempt 1",)),) * 4,
    )
    times = {"recovers-in-time": (TimeTaken(took=number % 37 + 0.5, allowed=40.0),)}
    judgements = [
        Judgement(check=check.name, outcome=Outcome.PASS, times=times.get(check.name, ())) for check in checks.standard
    ]
    judged = Judgement(
        check=twice.check, outcome=Outcome.FAIL if failed else Outcome.PASS, findings=(twice,) if failed else ()
    )
    others = [each for each in judgements if each.check != twice.check]
    return Verdict(
        trial=f"{number:06x}", scenario=scenario, plan=parse(str(strike)), judgements=(judged, *others), struck=True
    )
