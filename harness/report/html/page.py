"""The report as one HTML page: opens from disk, carries no outside reference, escapes everything."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jinja2

from harness.records.sweep_result import SweepResult
from harness.records.verdict import Outcome
from harness.report.form import Form
from harness.report.phrases import number, plan_text, reproduce, why_unknown
from harness.report.sweep.by_fault import grouped, listed, nowhere, totals
from harness.report.sweep.document import document
from harness.report.sweep.folding import blocks
from harness.report.sweep.remarks import remarks, shared_notes

_PAGE = r"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>crashproof: {{ told.outcome }}</title>
<style>
  :root { color-scheme: light dark; --line: #8884; --PASS: #2a8a4a; --FAIL: #c8352b; --UNKNOWN: #b07a00; }
  body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
  h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }
  .wide { overflow-x: auto; }
  table { border-collapse: collapse; width: 100%; }
  table.numbers { width: auto; }
  th, td { text-align: left; padding: .3rem 1.2rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
  td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
  td.none { max-width: 44rem; } .quiet { opacity: .7; }
  .mark { font-weight: 600; } .PASS { color: var(--PASS); } .FAIL { color: var(--FAIL); }
  .UNKNOWN { color: var(--UNKNOWN); }
  article { border: 1px solid var(--line); border-left: 4px solid var(--FAIL); border-radius: 4px; margin: 1rem 0;
            padding: .6rem 1rem; }
  article.unknown { border-left-color: var(--UNKNOWN); }
  article p, article ul { margin: .3rem 0; } pre, code { font: 13px/1.45 ui-monospace, monospace; }
  code, li, td, article p { overflow-wrap: anywhere; } .name { white-space: nowrap; }
  pre { overflow-x: auto; background: #8881; padding: .6rem .8rem; border-radius: 4px; margin: .5rem 0; }
  summary { cursor: pointer; margin: .6rem 0; }
</style>
</head>
<body>
<h1><span class="mark {{ told.outcome }}">{{ told.outcome }}</span>
  {{ number(told.trials.run, "trial") }}, {{ told.points.struck }} of {{ number(told.points.known, "point") }} struck,
  {{ number(told.findings | length, "finding") }}</h1>
<p>Evidence: <code>{{ told.folder }}</code></p>
<div class="wide"><table>
<tr><th>scenario</th><th>outcome</th><th class="n">trials</th><th class="n">passed</th><th class="n">failed</th>
<th class="n">unknown</th><th class="n">points</th><th class="n">seconds</th></tr>
{% for each in told.scenarios %}
<tr><td>{{ each.name }}</td>
{% if each.inapplicable %}
<td colspan="7" class="quiet">not applicable: {{ each.inapplicable }}</td>
{% else %}
<td class="mark {{ each.outcome }}">{{ each.outcome }}</td>
<td class="n">{{ each.trials.run }}</td><td class="n">{{ each.trials.passed }}</td>
<td class="n {{ 'mark FAIL' if each.trials.failed }}">{{ each.trials.failed }}</td>
<td class="n {{ 'mark UNKNOWN' if each.trials.unknown }}">{{ each.trials.unknown }}</td>
<td class="n">{{ each.points.struck }}/{{ each.points.known }}</td>
<td class="n">{{ "%.1f" | format(each.seconds) }}</td>
{% endif %}
</tr>
{% endfor %}
</table></div>
{% if faults | length > 1 %}
<h2>Faults</h2>
<div class="wide"><table class="numbers">
<tr><th>fault</th><th>family</th><th class="n">points</th><th class="n">passed</th><th class="n">failed</th>
<th class="n">unknown</th></tr>
{% for each in faults if not each.not_applicable %}
<tr><td class="name">{{ each.fault }}</td><td>{{ each.family }}</td>
<td class="n">{{ each.struck }}/{{ each.known }}</td><td class="n">{{ each.passed }}</td>
<td class="n {{ 'mark FAIL' if each.failed }}">{{ each.failed }}</td>
<td class="n {{ 'mark UNKNOWN' if each.unknown }}">{{ each.unknown }}</td></tr>
{% endfor %}
{% for reason, names in nowhere.items() %}
<tr><td colspan="6" class="none quiet">not applicable: {{ listed(names) }}: {{ reason }}</td></tr>
{% endfor %}
</table></div>
{% endif %}
{% if blocks %}<h2>Findings</h2>{% endif %}
{% for block in blocks %}
{% set found = block.first %}
<article>
<p><b>{{ found.scenario }}</b> · {{ plan_text(found.verdict.plan) }}</p>
<p><span class="mark FAIL">FAIL</span> {{ found.finding.check }}</p>
<p>{{ found.finding.message }}</p>
{% if found.finding.evidence %}<pre>{{ found.finding.evidence | join("\n") }}</pre>{% endif %}
{% if block.also %}<ul>
{% for other in block.also %}<li>also: {{ other.finding.message }}</li>{% endfor %}</ul>{% endif %}
{% if found.trials | length > 1 %}
<p>Seen in {{ found.trials | length }} trials; this is the smallest plan.</p>{% endif %}
{{ where(found.verdict.trial) }}
</article>
{% endfor %}
{% if unknown %}<h2>Unknown</h2>{% endif %}
{% for verdict in unknown %}
<article class="unknown">
<p><b>{{ verdict.scenario }}</b> · {{ plan_text(verdict.plan) }}</p>
{% for line in why_unknown(verdict) %}<p><span class="mark UNKNOWN">UNKNOWN</span> {{ line }}</p>{% endfor %}
{{ where(verdict.trial) }}
</article>
{% endfor %}
{% for each, remarks in scenarios %}
<h2>{{ each.scenario }}</h2>
{% if each.title %}<p>{{ each.title }}</p>{% endif %}
{% if remarks %}<ul>{% for remark in remarks %}<li>{{ remark }}</li>{% endfor %}</ul>{% endif %}
<details><summary>{{ number(each.verdicts | length, "trial") }}</summary>
<table>
<tr><th>trial</th><th>outcome</th><th>plan</th></tr>
{% for trial in each.verdicts %}
<tr><td><code>{{ trial.trial }}</code></td><td class="mark {{ trial.outcome }}">{{ trial.outcome }}</td>
<td>{{ plan_text(trial.plan) }}</td></tr>
{% endfor %}
</table></details>
{% endfor %}
{% if shared %}<h2>Notes</h2><ul>{% for note in shared %}<li>{{ note }}</li>{% endfor %}</ul>{% endif %}
</body>
</html>
"""

_WHERE = """\
{% macro where(trial) %}
<p>Evidence: <code>{{ told.folder }}/trials/{{ trial }}/</code></p>
<p>Reproduce with: <code>{{ reproduce(trial) }}</code></p>
{% endmacro %}
"""


def html(swept: Sequence[SweepResult], *, folder: str = "") -> str:
    """Return the report of a run as an HTML page.

    Args:
        swept: What each scenario came to.
        folder: The evidence folder, as the user would type it.
    """
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    return environment.from_string(_WHERE + _PAGE).render(
        told=document(swept, folder=folder),
        listed=listed,
        number=number,
        plan_text=plan_text,
        reproduce=reproduce,
        why_unknown=why_unknown,
        **_parts(swept),
    )


def _parts(swept: Sequence[SweepResult]) -> dict[str, Any]:
    """Return what the page shows beside the document: faults, findings by cause, remarks by scenario."""
    found = totals(swept)
    reasons = nowhere(found)
    shared = shared_notes(swept)
    told = tuple(reasons) if len(found) > 1 else ()
    return {
        "faults": found,
        "nowhere": grouped(reasons),
        "blocks": [block for each in swept for block in blocks(each.findings)],
        "unknown": [verdict for each in swept for verdict in each.verdicts if verdict.outcome is Outcome.UNKNOWN],
        "scenarios": [(each, remarks(each, shared=shared, told=told)) for each in swept if not each.inapplicable],
        "shared": shared,
    }


FORM = Form(file="report.html", make=lambda report: html(report.sweeps, folder=report.place).encode())
