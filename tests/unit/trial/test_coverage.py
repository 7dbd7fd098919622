"""What crashproof itself writes while trials run is no write of the worker."""

from __future__ import annotations

from pathlib import Path

from harness.trial.coverage import only_asks, own_folders


def test_the_whole_folder_of_a_run_is_our_own_and_of_a_lone_trial_that_of_the_trials(tmp_path: Path) -> None:
    trial = tmp_path / "trials" / "9f3a2c"
    assert own_folders(trial) == [tmp_path / "trials"]
    (tmp_path / "run.json").touch()
    assert own_folders(trial) == [tmp_path]


def test_a_child_process_that_only_asks_for_the_name_of_the_machine_is_no_gap() -> None:
    assert only_asks(["uname", "-p"])
    assert only_asks(["/usr/bin/uname"])
    assert not only_asks(["sh", "-c", "uname > name.txt"])
    assert not only_asks([])
