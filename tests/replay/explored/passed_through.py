"""A module that the sandbox passes through, so that what it holds is shared by all runs of a process."""

from __future__ import annotations

ANSWERED: list[str] = []
