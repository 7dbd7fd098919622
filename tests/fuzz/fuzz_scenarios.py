"""Scenario files: whatever a file holds, it is loaded or refused in words."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from hypothesis import strategies as st

from harness.app.loading import load_file
from harness.errors import UsageError
from tests.fuzz.surfaces import fuzz

SURFACES = 1
_FIELDS = ("worker", "work", "task_queue", "faults", "checks", "skip_checks", "sends", "over", "fails", "env",
           "address", "time_limit", "falls_back", "data_converter", "model", "nothing")  # fmt: skip
_VALUES = st.sampled_from(
    ("'x'", "1", "None", "[]", "['x']", "{}", "{'A': 1}", "start('W')", "start(1)", "reached('x', times=0)", "1e999",
     "[signal('s', at='start')]", "object()", "float('nan')", "'\\ud83d'", "b'x'", "lambda: 1", "True", "[[[]]]", "-1")
)  # fmt: skip
_LINES = st.sampled_from(
    ("import os; os._exit(0)", "raise BaseException", "raise SystemExit", "x = 1 / 0", "import nothing", "def f(:",
     "yield", "exec('(' * 500)", "\x00", "del Scenario", "print('noise')", "raise SystemExit(0)",
     "import sys; sys.exit()")
)  # fmt: skip
_GIVEN = st.dictionaries(st.sampled_from(_FIELDS), _VALUES, max_size=6)


@fuzz(given=_GIVEN, lines=st.lists(_LINES, max_size=1))
def test_a_file_of_scenarios_is_loaded_or_refused(given: dict[str, str], lines: list[str]) -> None:
    fields = {"worker": "'w'", "work": "start('W')", **given}
    declared = f"s = Scenario({', '.join(f'{name}={value}' for name, value in fields.items())})"
    names = "from harness import Scenario, reached, signal, start"
    ends = os._exit
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "s.py"
        file.write_bytes("\n".join([names, *lines, declared]).encode(errors="surrogatepass"))
        try:
            load_file(file)
        except UsageError as error:
            assert "s.py" in str(error)
    assert os._exit is ends
