"""The model fills the form that it is asked to fill."""

from __future__ import annotations

from typing import Any


def answer(request: dict[str, Any]) -> str:
    """Return the form as JSON."""
    return '{"city": "Rome", "days": 3}'
