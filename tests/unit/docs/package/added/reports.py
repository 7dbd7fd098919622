"""A form of the report that crashproof does not have."""

from __future__ import annotations

from harness.report.form import Form

NAMES = Form(file="names.txt", make=lambda report: "\n".join(sweep.scenario for sweep in report.sweeps).encode())
