"""The profiles of the research agent are read from their file, and chosen by name or by the environment."""

from __future__ import annotations

import pytest

from scenarios.research.policy import PROFILE, Policy, profile


@pytest.mark.parametrize(("name", "attempts"), [("aggressive", 5), ("conservative", 3)])
def test_a_profile_is_chosen_by_name_or_by_the_environment(
    name: str, attempts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert profile(name).maximum_attempts == attempts
    monkeypatch.setenv(PROFILE, name)
    assert profile() == profile(name)


def test_without_a_name_it_is_the_aggressive_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PROFILE, raising=False)
    assert profile() == profile("aggressive")


def test_one_that_does_not_exist_is_told_with_those_that_do() -> None:
    with pytest.raises(LookupError, match="no profile 'bold': expected one of aggressive, conservative"):
        profile("bold")


def test_a_run_that_was_started_before_there_were_profiles_has_no_fallback() -> None:
    assert Policy().fallback_model == ""
