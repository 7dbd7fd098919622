"""The model's answers, validated against the types of the official client."""

import json
from pathlib import Path

import pytest

from harness.doors.http import script as scripts
from harness.doors.http.answer import Answer
from harness.errors import UsageError
from tests.unit.doors.model.asking import CHAT, RESPONSES, ask, chat, response, script


def error(answer: Answer) -> dict[str, object]:
    body: dict[str, object] = json.loads(answer.body)["error"]
    assert body.keys() >= {"message", "type", "param", "code"}
    assert answer.headers["x-request-id"].startswith("req_")
    return body


def test_tool_calls_in_both_dialects(tmp_path: Path) -> None:
    using = script(
        tmp_path,
        """def answer(request):
    return {"tool_calls": [{"name": "search", "arguments": {"q": "x"}}, {"name": "odd", "arguments": "{", "id": "c7"}]}
""",
    )
    said = chat(ask(CHAT, using=using)).choices[0]
    assert said.finish_reason == "tool_calls"
    assert said.message.content is None
    functions = [call for call in said.message.tool_calls or [] if call.type == "function"]
    calls = [(call.id, call.function.name, call.function.arguments) for call in functions]
    assert [call[1:] for call in calls] == [("search", '{"q": "x"}'), ("odd", "{")]
    assert calls[1][0] == "c7"
    output = response(ask(RESPONSES, using=using)).output
    assert [item.type for item in output] == ["function_call", "function_call"]
    assert [item.call_id for item in output if item.type == "function_call"][1] == "c7"


def test_an_answer_cut_short_says_so(tmp_path: Path) -> None:
    using = script(tmp_path, "def answer(request): return {'text': 'A mech', 'finish_reason': 'length'}")
    assert chat(ask(CHAT, using=using)).choices[0].finish_reason == "length"
    said = response(ask(RESPONSES, using=using))
    assert said.status == "incomplete"
    assert said.incomplete_details is not None
    assert said.incomplete_details.reason == "max_output_tokens"


def test_usage_that_the_script_gives(tmp_path: Path) -> None:
    using = script(
        tmp_path,
        "def answer(request): return {'text': 'x', 'usage': {'prompt_tokens': 900, 'output_tokens': 7,"
        " 'cached_tokens': 800}}",
    )
    usage = chat(ask(CHAT, using=using)).usage
    assert usage is not None
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (900, 7, 907)
    assert usage.prompt_tokens_details is not None
    assert usage.prompt_tokens_details.cached_tokens == 800


@pytest.mark.parametrize("request_body", [CHAT, RESPONSES], ids=["chat", "responses"])
def test_the_same_question_has_the_same_answer(request_body: dict[str, object]) -> None:
    first = ask(request_body)
    turned = dict(reversed(request_body.items())) | {"user": "somebody else"}
    assert json.loads(ask(turned).body)["id"] == json.loads(first.body)["id"]
    assert ask(request_body) == first
    assert json.loads(ask(request_body | {"model": "gpt-5"}).body)["id"] != json.loads(first.body)["id"]


def test_what_a_script_does_to_its_request_changes_nothing(tmp_path: Path) -> None:
    using = script(tmp_path, "def answer(request):\n    request['messages'].clear()\n    return 'x'")
    assert chat(ask(CHAT, using=using)).usage == chat(ask(CHAT, using=script(tmp_path, "answer = lambda r: 'x'"))).usage


def test_an_error_answer_is_in_the_providers_form(tmp_path: Path) -> None:
    using = script(
        tmp_path,
        "def answer(request): return {'status': 429, 'error': {'message': 'slow down'}, 'headers': {'Retry-After': 3}}",
    )
    said = ask(CHAT, using=using)
    assert (said.status, said.headers["retry-after"], said.notice) == (429, "3", "")
    assert error(said)["message"] == "slow down"
    assert error(said)["code"] == "rate_limit_exceeded"


def test_a_raw_body_is_sent_as_it_is(tmp_path: Path) -> None:
    assert ask(CHAT, using=script(tmp_path, "def answer(request): return {'raw': '{\"id\": '}")).body == b'{"id": '
    assert ask(CHAT, using=script(tmp_path, "def answer(request): return {'raw': {'a': 1}}")).body == b'{"a":1}'


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("def answer(request):\n    return request['no such field']", "script.py:2: KeyError: 'no such field'"),
        ("def answer(request):\n    raise SystemExit(3)", "script.py:2: SystemExit: 3"),
        ("def answer(request):\n    return None", "expected a text or a dict, got NoneType"),
        ("\ndef answer(request):\n    return {'txt': 'x'}", "script.py:2: answer() returned what is no answer"),
        ("def answer(request): return {'txt': 'x'}", "unknown field `txt`"),
        ("def answer(request): return {'text': 5}", "Expected `str`, got `int` - at `$.text`"),
        ("def answer(request): return {'tool_calls': [{'arguments': {}}]}", "missing required field `name`"),
        ("def answer(request): return {'text': 'x', 'finish_reason': 'bored'}", "bored"),
        ("def answer(request): return {'status': 200}", "status must be 400 to 599, got 200"),
        ("def answer(request): return {'status': 400, 'body': {}}", "got ['body']"),
        ("def answer(request): return {'status': 400, 'headers': {'a\\nb': 1}}", "is no name of a header"),
        ("def answer(request): return {'raw': {1, 2}}", "set is not JSON serializable"),
    ],
)
def test_a_script_that_fails_is_told_by_file_and_reason(tmp_path: Path, body: str, wanted: str) -> None:
    for request in (CHAT, RESPONSES):
        said = ask(request, using=script(tmp_path, body))
        assert said.status == 500
        assert wanted in str(error(said)["message"])
        assert said.notice == error(said)["message"]
        assert str(tmp_path / "script.py") in said.notice


def test_a_script_that_never_answers_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    never = script(tmp_path, "def answer(request):\n    while True:\n        pass")
    monkeypatch.setattr(scripts, "TIME_LIMIT", 0.05)  # of the answer alone: to load it may take longer
    said = ask(CHAT, using=never)
    assert said.status == 500
    assert "TimeoutError: no answer within 0.05 s" in said.notice


@pytest.mark.parametrize(
    ("request_body", "wanted"),
    [
        (b"{", "could not parse the JSON body"),
        (b"[]", "could not parse the JSON body"),
        ({"messages": []}, "you must provide a model parameter"),
        ({"model": "m"}, "Missing required parameter: 'input'"),
        ({"model": "m", "messages": "hello"}, "Missing required parameter: 'messages'"),
        ({"model": "m", "messages": []}, "Invalid 'messages': empty array"),
        ({"model": "m", "input": []}, "Invalid 'input': empty array"),
        ({"model": "m", "messages": [{"role": "user"}, "hello"]}, "Invalid type for 'messages[1]': expected an object"),
        ({"model": "m", "messages": [{"content": "hello"}]}, "Missing required parameter: 'messages[0].role'"),
        ({"model": "m", "input": ["hello"]}, "Invalid type for 'input[0]': expected an object"),
        (CHAT | {"stream": 1}, "Invalid type for 'stream'"),
        (RESPONSES | {"stream": "true"}, "Invalid type for 'stream'"),
    ],
)
def test_a_bad_request_is_refused_as_the_provider_does(request_body: object, wanted: str) -> None:
    said = ask(request_body)
    assert said.status == 400
    assert wanted in str(error(said)["message"])
    assert error(said)["type"] == "invalid_request_error"
    assert wanted in said.notice
    assert "was refused" in said.notice


def test_what_is_not_served_is_not_found() -> None:
    said = ask({}, path="/v1/moderations")
    assert said.status == 404
    assert "POST /v1/moderations is not served" in str(error(said)["message"])
    assert said.notice
    assert ask(b"", path="/v1/responses", method="GET").status == 404


@pytest.mark.parametrize("request_body", [{}, b"{", {"model": "m", "messages": [], "stream": True}])
@pytest.mark.parametrize("path", ["/v1/messages/batches", "/v1/messages/count_tokens/x?beta=true"])
def test_what_anthropic_would_answer_is_refused_as_anthropic_does(path: str, request_body: object) -> None:
    said = ask(request_body, path=path)
    refusal = json.loads(said.body)
    assert (said.status, refusal["type"], refusal["error"]["type"]) == (404, "error", "not_found_error")
    assert refusal["error"]["message"] == said.notice
    assert f"POST {path} is not served" in said.notice
    assert said.headers["request-id"] == refusal["request_id"]


def test_a_script_imports_from_its_folder(tmp_path: Path) -> None:
    (tmp_path / "beside_the_script.py").write_text("TEXT = 'from beside'")
    using = script(tmp_path, "import beside_the_script\ndef answer(request): return beside_the_script.TEXT")
    assert chat(ask(CHAT, using=using)).choices[0].message.content == "from beside"


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("import no_such_module", "script.py:1: ModuleNotFoundError: No module named 'no_such_module'"),
        ("def answer(request)\n    pass", "script.py:1: SyntaxError"),
        ("def answers(request): pass", "has no function answer(request) (did you mean 'answers'?)"),
        ("async def answer(request): pass", "must be a plain function"),
        ("answer = 'x'", "must be a plain function"),
    ],
)
def test_a_script_that_cannot_be_used(tmp_path: Path, body: str, wanted: str) -> None:
    with pytest.raises(UsageError) as raised:
        script(tmp_path, body)
    assert wanted in str(raised.value)
    assert str(tmp_path / "script.py") in str(raised.value)


def test_a_script_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        scripts.load(tmp_path / "none.py")
