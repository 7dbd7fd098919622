"""The report as one HTML page: opens from disk, carries no outside reference, escapes everything."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jinja2

from harness.report.document import document
from harness.report.text import plan_text
from harness.swept import Swept

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
  table { border-collapse: collapse; width: 100%; }
  th, td { text-align: left; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
  td.n, th.n { text-align: right; }
  .mark { font-weight: 600; } .PASS { color: var(--PASS); } .FAIL { color: var(--FAIL); }
  .UNKNOWN { color: var(--UNKNOWN); }
  article { border: 1px solid var(--line); border-left: 4px solid var(--FAIL); border-radius: 4px; margin: 1rem 0;
            padding: .6rem 1rem; }
  article p { margin: .3rem 0; } pre, code { font: 13px/1.45 ui-monospace, monospace; }
  pre { overflow-x: auto; background: #8881; padding: .6rem .8rem; border-radius: 4px; margin: .5rem 0; }
  summary { cursor: pointer; margin: .6rem 0; }
</style>
</head>
<body>
<h1><span class="mark {{ told.outcome }}">{{ told.outcome }}</span>
  {{ told.trials.run }} trials, {{ told.points.struck }} of {{ told.points.known }} points struck,
  {{ told.findings | length }} findings</h1>
<p>Evidence: <code>{{ told.folder }}</code></p>
<table>
<tr><th>scenario</th><th>outcome</th><th class="n">trials</th><th class="n">passed</th><th class="n">failed</th>
<th class="n">unknown</th><th class="n">points</th><th class="n">seconds</th></tr>
{% for each in told.scenarios %}
<tr><td>{{ each.name }}</td><td class="mark {{ each.outcome }}">{{ each.outcome }}</td>
<td class="n">{{ each.trials.run }}</td><td class="n">{{ each.trials.passed }}</td>
<td class="n">{{ each.trials.failed }}</td><td class="n">{{ each.trials.unknown }}</td>
<td class="n">{{ each.points.struck }}/{{ each.points.known }}</td><td class="n">{{ each.seconds }}</td></tr>
{% endfor %}
</table>
{% if told.findings %}<h2>Findings</h2>{% endif %}
{% for found in told.findings %}
<article>
<p><b>{{ found.scenario }}</b> · {{ plan_text(found.plan) }}</p>
<p><span class="mark FAIL">FAIL</span> {{ found.check }}</p>
<p>{{ found.message }}</p>
{% if found.evidence %}<pre>{{ found.evidence | join("\n") }}</pre>{% endif %}
{% if found.trials | length > 1 %}
<p>Seen in {{ found.trials | length }} trials; this is the smallest plan.</p>{% endif %}
<p>Evidence: <code>{{ told.folder }}/trials/{{ found.trial }}/</code></p>
<p>Reproduce with: <code>{{ found.reproduce }}</code></p>
</article>
{% endfor %}
{% for each in told.scenarios %}
<h2>{{ each.name }}</h2>
{% if each.title %}<p>{{ each.title }}</p>{% endif %}
{% if each.reason %}<p class="UNKNOWN">Nothing was swept: {{ each.reason }}</p>{% endif %}
<ul>
{% for gap in each.coverage_gaps %}<li>Coverage gap: {{ gap }}</li>{% endfor %}
{% for part in each.masked %}<li>Not compared, since two undisturbed runs differ: {{ part }}</li>{% endfor %}
{% for place in each.unsteady %}<li>Not struck, since only one of two undisturbed runs reached it: {{ place }}</li>
{% endfor %}
{% for point in each.unreachable %}<li>Unreachable: {{ point }}</li>{% endfor %}
{% for note in each.notes %}<li>{{ note }}</li>{% endfor %}
</ul>
<details {% if each.outcome != "PASS" %}open{% endif %}><summary>{{ each.trials.run }} trials</summary>
<table>
<tr><th>trial</th><th>outcome</th><th>plan</th></tr>
{% for trial in told.trials.verdicts if trial.scenario == each.name %}
<tr><td><code>{{ trial.id }}</code></td><td class="mark {{ trial.outcome }}">{{ trial.outcome }}</td>
<td>{{ plan_text(trial.plan) }}{% if trial.reason %}<br>{{ trial.reason }}{% endif %}</td></tr>
{% endfor %}
</table></details>
{% endfor %}
</body>
</html>
"""


def html(swept: Sequence[Swept], *, folder: str = "") -> str:
    """Return the report of a run as an HTML page.

    Args:
        swept: What each scenario came to.
        folder: The evidence folder, as the user would type it.
    """
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    told: dict[str, Any] = document(swept, folder=folder)
    return environment.from_string(_PAGE).render(told=told, plan_text=plan_text)
