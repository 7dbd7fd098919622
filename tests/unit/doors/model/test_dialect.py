"""A dialect knows which paths are its own, and which of them it answers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.doors.model.dialect import Dialect, bare_path
from harness.doors.model.said import Said
from harness.doors.model.streaming import Stream

SPOKEN = Dialect(
    name="spoken",
    path="speak",
    request_id_header="speech-id",
    error_body=lambda status, words, *, digest: {"wrong": words},
    fault_words=lambda action: {"message": action.message},
    body=lambda request, said, *, digest: {"said": said.text},
)


@pytest.mark.parametrize(
    ("path", "owned", "played"),
    [
        ("/v1/speak", True, True),
        ("speak?loud=true", True, True),
        ("/speak/", True, True),
        ("/v1/speak/again", True, False),
        ("/v1/speaking", False, False),
        ("/", False, False),
    ],
)
def test_what_lies_below_its_path_is_its_own_and_the_path_itself_is_answered(
    path: str, owned: bool, played: bool
) -> None:
    assert (SPOKEN.owns(path), SPOKEN.plays(path)) == (owned, played)
    assert not replace(SPOKEN, body=None).plays(path)


def test_nothing_is_wrong_unless_the_dialect_looks() -> None:
    assert SPOKEN.what_is_wrong({"any": "request"}) == {}
    assert SPOKEN.identified("d") == {"speech-id": "req_d"}
    assert SPOKEN.body is not None
    assert SPOKEN.body({}, Said(text="hello"), digest="d") == {"said": "hello"}


def test_a_path_is_compared_without_version_and_query() -> None:
    assert bare_path("/v1/chat/completions?a=b") == "chat/completions"


def test_below_its_path_one_thing_may_have_a_name() -> None:
    naming = replace(SPOKEN, names_one=True)
    assert [naming.plays(path) for path in ("/v1/speak", "speak/one", "speak/one/more")] == [True, True, False]


def test_a_stream_is_made_where_it_is_asked_for_and_known() -> None:
    streaming = replace(SPOKEN, stream=lambda request, whole: Stream(opening=(), content=("x",), closing=()))
    asked: list[object] = [{"stream": True}, {"stream": False}, {"stream": "yes"}, {}, "stream", None]
    assert [streaming.streams(each) for each in asked] == [True, False, False, False, False, False]
    assert not SPOKEN.streams({"stream": True})
