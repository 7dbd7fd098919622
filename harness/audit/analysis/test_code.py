"""Which modules are tests: what they do with workers is done to try something."""

from __future__ import annotations

import re

from harness.audit.code.project_records import Module

_FILES = re.compile(r"(?:^|/)(?:test_[^/]*|[^/]*_test|conftest)\.py$")
_IMPORTS = re.compile(r"^\s*(?:import|from)\s+(?:pytest|unittest|temporalio\.testing)\b")


def is_test(module: Module) -> bool:
    """Tell whether a module is one of tests: by its name, or by what it imports."""
    return bool(_FILES.search(module.file)) or any(_IMPORTS.match(line) for line in module.lines)
