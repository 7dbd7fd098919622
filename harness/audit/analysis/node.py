"""The type of astroid's nodes where code asks them for attributes that their common class does not declare."""

from __future__ import annotations

from typing import Any, TypeAlias

Node: TypeAlias = Any
