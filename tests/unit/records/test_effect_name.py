from __future__ import annotations

import pytest

from harness.records.effect_name import effect_name

ID = "0b0f5f7e-6a44-4a4c-9c0d-1f0e6f2a9d21"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (f"orders/{ID}/charge", "orders/ID/charge"),
        (f"orders/o_{ID.upper()}.json", "orders/o_ID.json"),
        (f"{ID}/{ID.replace('-', '')}", "ID/ID"),
        ("orders/7", "orders/7"),
        (f"orders/{ID}0", f"orders/{ID}0"),
        ("blobs/" + 20 * "0b", "blobs/" + 20 * "0b"),
    ],
)
def test_an_id_that_is_made_anew_in_each_run_is_no_part_of_a_name(path: str, name: str) -> None:
    assert effect_name(path) == effect_name(name) == name
