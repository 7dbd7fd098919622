"""A dialect that crashproof does not speak."""

from __future__ import annotations

from harness.doors.model.dialect import Dialect

PARROT = Dialect(
    name="parrot",
    path="parrot",
    operation="parrot",
    request_id_header="parrot-id",
    body=lambda request, said, *, digest: {"parrot": said.text},
    error_body=lambda status, words, *, digest: {"squawk": words["message"]},
    fault_words=lambda action: {"message": action.message},
)
