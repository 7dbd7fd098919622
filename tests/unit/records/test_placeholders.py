"""Placeholders in the user's environment lead to the doors; what is no placeholder of ours stays as it is."""

from __future__ import annotations

import pytest

from harness.errors import UsageError
from harness.records.placeholders import filled_in

DOORS = {
    "OPENAI_BASE_URL": "http://door/model/v1",
    "EFFECTS_URL": "http://door/effects",
    "TEMPORAL_ADDRESS": "127.0.0.1:7",
}


@pytest.mark.parametrize(
    ("written", "filled"),
    [
        ("${EFFECTS_URL}/payments", "http://door/effects/payments"),
        ("${MODEL_URL}", "http://door/model/v1"),
        ("${OPENAI_BASE_URL}", "http://door/model/v1"),
        ("http://${TEMPORAL_ADDRESS} and ${EFFECTS_URL}", "http://127.0.0.1:7 and http://door/effects"),
        ("${TEMPORAL_TASK_QUEUE}", ""),  # the worker has its own
    ],
)
def test_a_placeholder_is_filled_in(written: str, filled: str) -> None:
    assert filled_in({"OWN": written}, DOORS) == {"OWN": filled}


@pytest.mark.parametrize(
    "written", ["${HOME}/x", "$EFFECTS_URL", "${PAYMENTS_URL}", "${name}, hello", "{MODEL_URL}", "${}"]
)
def test_what_is_no_placeholder_stays(written: str) -> None:
    assert filled_in({"OWN": written}, DOORS) == {"OWN": written}


@pytest.mark.parametrize(
    ("written", "meant"),
    [("${EFFECT_URL}/a", "EFFECTS_URL"), ("${model_url}", "MODEL_URL"), ("${TEMPORAL_ADRESS}", "TEMPORAL_ADDRESS")],
)
def test_a_misspelt_one_is_refused(written: str, meant: str) -> None:
    with pytest.raises(UsageError, match=rf"leads nowhere: \$\{{{meant}\}} is filled in"):
        filled_in({"OWN": written}, DOORS)
