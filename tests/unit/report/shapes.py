"""Documents held to the schemas that the package ships."""

from __future__ import annotations

import functools
from typing import Any

import jsonschema

from harness.report.schema import schema

OF_COMMAND = {
    **dict.fromkeys(("run", "judge", "report", "reproduce", "demo"), "run"),
    **{name: name for name in ("replay", "audit", "explore", "ready")},
}
"""Commands that judge, and the schema of what each prints with ``-o json``."""


@functools.cache
def _known(name: str) -> jsonschema.Draft202012Validator:
    """Return the validator of a schema under which nothing may be left out of the schema either."""
    closed = _closed(schema(name))
    jsonschema.Draft202012Validator.check_schema(closed)
    return jsonschema.Draft202012Validator(closed)


def _closed(part: Any) -> Any:
    if isinstance(part, list):
        return [_closed(each) for each in part]
    if not isinstance(part, dict):
        return part
    closed = {key: _closed(each) for key, each in part.items()}
    open_by_design = part.get("title") in ("JudgedDocument", "FindingDocument", "_FindingsDocument")
    return {**closed, "additionalProperties": False} if "properties" in part and not open_by_design else closed


def unlike(document: Any, name: str) -> list[str]:
    """Return where a document is not as its schema says, or holds what its schema does not know."""
    return [f"{error.json_path}: {error.message[:300]}" for error in _known(name).iter_errors(document)]
