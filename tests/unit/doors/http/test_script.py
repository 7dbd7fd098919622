"""Scripts of the user: loaded from a file, asked within a limit, and what goes wrong is told with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.doors.http import script as scripts
from harness.doors.http.script import ScriptError
from harness.errors import UsageError


def written(folder: Path, source: str) -> Path:
    file = folder / "answers.py"
    file.write_text(source)
    return file


def test_a_script_answers_and_may_import_what_lies_beside_it(tmp_path: Path) -> None:
    (tmp_path / "words_of_this_script.py").write_text("WORD = 'yes'")
    script = scripts.load(
        written(tmp_path, "from words_of_this_script import WORD\ndef answer(q): return WORD + q['more']")
    )
    assert script.answer({"more": "!"}) == "yes!"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("def answr(q): pass", r"has no function answer\(request\) \(did you mean 'answr'\?\)"),
        ("answer = 3", "answer must be a plain function"),
        ("async def answer(q): pass", "answer must be a plain function"),
        ("\nimport no_such_module", r"answers\.py:2: ModuleNotFoundError"),
        ("def answer(:", r"answers\.py:1: SyntaxError"),
    ],
)
def test_a_file_that_is_no_script_is_refused_with_its_line(tmp_path: Path, source: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        scripts.load(written(tmp_path, source))


def test_a_script_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.py does not exist"):
        scripts.load(tmp_path / "none.py")


def test_a_script_that_raises_is_told_with_its_line(tmp_path: Path) -> None:
    script = scripts.load(written(tmp_path, "def answer(q):\n    return q['none']"))
    with pytest.raises(ScriptError, match=r"answers\.py:2: KeyError: 'none'"):
        script.answer({})


def test_a_script_that_takes_too_long_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = scripts.load(written(tmp_path, "def answer(q):\n    while True: pass"))
    monkeypatch.setattr(scripts, "TIME_LIMIT", 0.05)  # of the answer alone: to load it may take longer
    with pytest.raises(ScriptError, match=r"TimeoutError: no answer within 0\.05 s"):
        script.answer({})


def test_what_is_no_answer_is_refused_at_the_line_of_the_function(tmp_path: Path) -> None:
    script = scripts.load(written(tmp_path, "\ndef answer(q): return 3"))
    assert str(script.refuse("expected a dict")).endswith(
        "answers.py:2: answer() returned what is no answer: expected a dict"
    )
