"""Scenarios are found in files, folders and by name; what is wrong with a file is told with its line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.app.loading import load
from harness.errors import UsageError

DECLARES = '''"""Orders are placed once.

More of it."""
from harness import Scenario, start
{} = Scenario(worker="python w.py", work=start("Order"))
'''


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "scenarios" / "more").mkdir(parents=True)
    (tmp_path / "scenarios" / "orders.py").write_text(DECLARES.format("places") + DECLARES.format("cancels"))
    (tmp_path / "scenarios" / "more" / "bills.py").write_text(DECLARES.format("pays"))
    (tmp_path / "scenarios" / "agent.py").write_text("raise RuntimeError('an agent, and no scenario')")
    return tmp_path


@pytest.mark.parametrize(
    ("target", "names"),
    [
        ("scenarios/orders.py", ["places", "cancels"]),
        ("scenarios/orders.py::cancels", ["cancels"]),
        ("scenarios", ["places", "cancels"]),
        ("scenarios/", ["places", "cancels"]),
        ("pays", ["pays"]),
    ],
)
def test_a_target_names_scenarios(place: Path, target: str, names: list[str]) -> None:
    found = load([target])
    assert [scenario.name for scenario in found] == names
    assert {scenario.title for scenario in found} == {"Orders are placed once."}


def test_each_is_taken_once_and_those_of_one_name_are_told_apart(place: Path) -> None:
    assert [found.name for found in load(["places", "scenarios/orders.py"])] == ["places", "cancels"]
    (place / "other.py").write_text(DECLARES.format("places"))
    assert [found.name for found in load(["scenarios/orders.py::places", "other.py"])] == [
        "orders.places",
        "other.places",
    ]


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("scenarios/oders.py", "there is no scenario file scenarios/oders.py (did you mean 'scenarios/orders.py'?)"),
        (
            "scenarios/orders.py::place",
            "no scenario is called 'place' (did you mean 'places'?); known: places, cancels",
        ),
        ("cancel", "no scenario is called 'cancel' (did you mean 'cancels'?)"),
        ("nowhere/x", "there is no scenario file nowhere/x"),
        ("empty", "the folder empty holds no file that declares a scenario"),
    ],
)
def test_what_names_nothing_is_told_with_the_nearest(place: Path, target: str, message: str) -> None:
    (place / "empty").mkdir()
    with pytest.raises(UsageError) as raised:
        load([target])
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import harness\nx = harness.Scenari(1)\n", "bad.py:2 cannot be loaded: AttributeError"),
        ("def broken(:\n", "bad.py:1 cannot be loaded: SyntaxError"),
        ("import no_such_module\n", "bad.py:1 cannot be loaded: ModuleNotFoundError"),
        ("raise SystemExit(4)\n", "bad.py:1 cannot be loaded: SystemExit"),
        ("x = 3\n", "a harness.Scenario is one; nor does it make a worker, as `Worker(...)` of temporalio does"),
        ("import temporalio\n\ndef main():\n    Worker(1)\n", "is given alone: crashproof run bad.py"),
        ("from harness import start\nstart(3)\n", "3 is no workflow"),
        ("from harness import Scenario\nx = Scenario(wroker='w')\n", "bad.py:2 cannot be loaded: TypeError"),
    ],
)
def test_a_file_that_cannot_be_loaded_is_told_with_its_line(place: Path, source: str, message: str) -> None:
    (place / "bad.py").write_text(source)
    with pytest.raises(UsageError) as raised:
        load(["bad.py"])
    assert message in str(raised.value)


def test_a_file_that_is_no_text_is_told(place: Path) -> None:
    (place / "bad.py").write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(UsageError, match=r"bad\.py.* cannot be loaded"):
        load(["bad.py"])


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("raise BaseException('x')", "hostile.py:1 cannot be loaded: BaseException: x"),
        ("import os\nos._exit(0)", "hostile.py: hostile.py calls os._exit: a file of scenarios only declares them"),
        (
            "import os\ntry:\n    os._exit(0)\nexcept BaseException:\n    raise SystemExit(0)",
            "cannot be loaded: SystemExit",
        ),
        ("import os\nos.execv('/bin/true', ['true'])", "calls os.execv"),
        ("import os\nos.abort()", "calls os.abort"),
        ("import sys\nsys.exit(0)", "hostile.py:2 cannot be loaded: SystemExit: 0"),
        (f"x = {'(' * 3000}", "hostile.py:1 cannot be loaded"),
        (
            "from harness import Scenario, start\nx = Scenario(worker='a', work=start('W'), skip_checks=1)",
            "skip_checks=1",
        ),
    ],
)
def test_no_hostile_file_ends_the_command_in_its_place(place: Path, source: str, message: str) -> None:
    (place / "hostile.py").write_text(source)
    with pytest.raises(UsageError) as raised:
        load(["hostile.py"])
    assert message in str(raised.value)
    assert os._exit.__name__ == "_exit"


def test_a_file_that_is_interrupted_is_no_fault_of_it(place: Path) -> None:
    (place / "slow.py").write_text("raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        load(["slow.py"])


def test_an_attack_by_a_file_that_never_ends_is_refused_and_passed_over_in_a_folder(place: Path) -> None:
    os.mkfifo(place / "pipe.py")
    with pytest.raises(UsageError, match=r"pipe\.py is neither a file nor a folder"):
        load(["pipe.py"])
    with pytest.raises(UsageError, match="/dev/zero is neither a file nor a folder"):
        load(["/dev/zero"])
    with pytest.raises(UsageError, match="an empty text"):
        load([""])
    os.mkfifo(place / "scenarios" / "pipe.py")
    assert load(["scenarios"])
