"""Python files: whatever one holds, the audit says what it found in it, or why it was not audited."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import strategies as st

from harness.audit.audit import audit
from harness.audit.rules import RULES
from tests import TESTS
from tests.fuzz.surfaces import fuzz, mutated

SURFACES = 1
_CODE = sorted((TESTS / "unit" / "audit" / "corpus").rglob("*.py"))


@fuzz(content=st.sampled_from(_CODE).flatmap(lambda file: mutated(file.read_bytes()[:6000])))
def test_a_python_file_is_audited_or_refused(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "agent.py"
        file.write_bytes(content)
        result = audit([file], rules=list(RULES), jobs=1)
        assert not result.errors, result.errors
        for finding in result.findings:
            assert finding.fingerprint
