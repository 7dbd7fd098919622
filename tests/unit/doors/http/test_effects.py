"""The effect server's answers."""

import json
from pathlib import Path

import pytest

from harness.doors.http import effects
from harness.doors.http import script as scripts
from harness.doors.http.effects import EffectRequest


def effect(path: str = "/note", *, method: str = "POST", body: object = None, **headers: str) -> EffectRequest:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return effects.read(
        method=method, path=path, headers=named, body=b"" if body is None else json.dumps(body).encode()
    )


def script(folder: Path, body: str) -> scripts.Script:
    file = folder / "effects_script.py"
    file.write_text(body)
    return scripts.load(file)


def test_the_default_answer_names_the_effect() -> None:
    said = effects.answer(effect(body={"text": "a"}))
    assert said.status == 200
    assert json.loads(said.body) == {"id": json.loads(said.body)["id"], "name": "note", "ok": True}


def test_the_same_key_has_the_same_answer_whatever_the_body() -> None:
    first = effects.answer(effect(body={"at": 1}, idempotency_key="k1"))
    assert effects.answer(effect(body={"at": 2}, idempotency_key="k1")) == first
    assert effects.answer(effect(body={"at": 1}, idempotency_key="k2")) != first
    assert effects.answer(effect("/other", body={"at": 1}, idempotency_key="k1")) != first


def test_without_a_key_the_body_decides() -> None:
    assert effects.answer(effect(body={"a": 1, "b": 2})) == effects.answer(effect(body={"b": 2, "a": 1}))
    assert effects.answer(effect(body={"a": 1})) != effects.answer(effect(body={"a": 2}))


def test_where_the_key_is_looked_for() -> None:
    assert effect(idempotency_key="a", body={"idempotency_key": "b"}).key == "a"
    assert effect(x_idempotency_key="a").key == "a"
    assert effect(body={"idempotency_key": "b"}).key == effect(body={"idempotencyKey": "b"}).key == "b"
    assert effect(body={"idempotency_key": 5}).key == ""
    assert effect(body=["b"]).key == ""


@pytest.mark.parametrize(
    ("method", "path", "operation"),
    [
        ("POST", "/note", "note"),
        ("DELETE", "/cards/7/charge/?x=1", "cards/7/charge"),
        ("PUT", "/a%20b", "a b"),
        ("GET", "/note", "GET:note"),
        ("POST", "/orders/0B0F5f7e-6a44-4a4c-9c0d-1f0e6f2a9d21/charge", "orders/ID/charge"),
        ("GET", "/orders/o-0b0f5f7e6a444a4c9c0d1f0e6f2a9d21", "GET:orders/o-ID"),
        ("POST", "/blobs/0b0f5f7e6a444a4c9c0d1f0e6f2a9d21aa", "blobs/0b0f5f7e6a444a4c9c0d1f0e6f2a9d21aa"),
    ],
)
def test_a_read_is_no_effect(method: str, path: str, operation: str) -> None:
    assert effects.operation_of(method, path) == operation
    assert effects.answer(effect(path, method=method)).status == 200


def test_an_effect_needs_a_name() -> None:
    said = effects.answer(effect("/"))
    assert said.status == 404
    assert "needs a name" in said.notice


def test_a_script_sees_the_whole_effect(tmp_path: Path) -> None:
    using = script(tmp_path, "def answer(effect): return effect")
    said = effects.answer(effect("/note/3?x=1", body={"a": 1}, idempotency_key="k"), scripts={"": using})
    assert json.loads(said.body) == {
        "name": "note/3",
        "method": "POST",
        "path": "/note/3?x=1",
        "key": "k",
        "headers": {"idempotency-key": "k"},
        "body": {"a": 1},
        "trial": "",
    }


def test_a_script_gives_status_and_body(tmp_path: Path) -> None:
    using = script(tmp_path, "def answer(effect): return {'status': 409, 'body': {'a': 1}, 'headers': {'X-A': 'b'}}")
    said = effects.answer(effect(), scripts={"": using})
    assert (said.status, said.body, said.headers["x-a"]) == (409, b'{"a":1}', "b")


def test_a_status_of_the_body_is_no_http_status(tmp_path: Path) -> None:
    using = script(tmp_path, "def answer(effect): return {'status': 'paid'}")
    assert effects.answer(effect(), scripts={"": using}).body == b'{"status":"paid"}'
    using = script(tmp_path, "def answer(effect): return {'status': 3, 'id': 1}")
    assert effects.answer(effect(), scripts={"": using}).body == b'{"status":3,"id":1}'


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("def answer(effect):\n    return effect['nme']", "effects_script.py:2: KeyError: 'nme'"),
        ("def answer(effect): return 'done'", "expected a dict, got str"),
        ("def answer(effect): return {'status': 99}", "status must be 200 to 599, got 99"),
        ("def answer(effect): return {'status': 200, 'delay': -1}", "delay must be 0 to 3600 seconds, got -1"),
        (
            "def answer(effect): return {'status': 200, 'delay': float('nan')}",
            "0 to 3600 seconds, got nan",
        ),
        ("def answer(effect): return {'status': 200, 'delay': '1s'}", "delay must be 0 to 3600 seconds, got '1s'"),
        ("def answer(effect): return {'a': object()}", "not JSON serializable"),
        ("def answer(effect): return {'status': 200, 'headers': 3}", "headers must be a dict, got int"),
        ("def answer(effect): return {'status': 200, 'headers': {'Content-Length': 3}}", "is set by the server"),
    ],
)
def test_a_script_that_fails_is_told(tmp_path: Path, body: str, told: str) -> None:
    said = effects.answer(effect(), scripts={"": script(tmp_path, body)})
    assert said.status == 500
    assert told in said.notice
    assert told in json.loads(said.body)["error"]["message"]


def test_a_script_says_how_long_the_answer_takes(tmp_path: Path) -> None:
    using = script(tmp_path, "def answer(effect): return {'status': 202, 'body': {'a': 1}, 'delay': 2.5}")
    said = effects.answer(effect(), scripts={"": using})
    assert (said.status, said.body, said.pause) == (202, b'{"a":1}', 2.5)
    body = script(tmp_path, "def answer(effect): return {'delay': 2.5}")  # no status: a body that says so
    assert (effects.answer(effect(), scripts={"": body}).pause, said.pause) == (0, 2.5)


def test_each_service_has_the_script_of_its_name(tmp_path: Path) -> None:
    named = {
        name: script(tmp_path, f"def answer(effect): return {{'by': {name!r}}}")
        for name in ("payments", "payments/cards", "")
    }

    def by(path: str) -> str:
        return str(json.loads(effects.answer(effect(path), scripts=named).body)["by"])

    paths = ("/payments", "/payments/charge?x=1", "/payments/cards/7", "/paymentsystem", "/mail")
    assert [by(path) for path in paths] == ["payments", "payments", "payments/cards", "", ""]


def test_a_service_without_a_script_has_the_default_answer(tmp_path: Path) -> None:
    named = {"payments": script(tmp_path, "def answer(effect): return {'by': 'payments'}")}
    assert json.loads(effects.answer(effect("/mail"), scripts=named).body)["ok"] is True
