from __future__ import annotations

from harness.records.evidence import Evidence

from .build import Story, judged, nothing, only_finding, passes

CHECK = "nothing-truncated-accepted"
SAID = "A quiet lake below three white mountains."


def undisturbed() -> Evidence:
    story = Story()
    book = story.activity("book")
    story.model({"ask": "x"}, task=book, answer={"choices": [{"message": {"content": SAID}}]}).complete(book, SAID)
    return story.effect("page", {"text": SAID}, key="k").close(result=SAID).evidence()


def test_half_is_taken_as_the_answer() -> None:
    story = Story()
    book = story.activity("book")
    story.half_answer(book, SAID).complete(book)
    finding = only_finding(CHECK, story.close().evidence(), undisturbed())
    assert finding.message == "book 1 completed though its model call was answered by half, and asked no more"


def test_error_or_silence_is_taken_as_an_answer() -> None:
    for fault in ("model-reset", "model-silent"):
        story = Story()
        book = story.activity("book")
        story.no_answer(book, fault).complete(book)
        assert "was not answered" in only_finding(CHECK, story.close().evidence(), undisturbed()).message
    story = Story()
    book = story.activity("book")
    story.error(book, "model-500-once").complete(book)
    assert "was answered with 500" in only_finding(CHECK, story.close().evidence(), undisturbed()).message


def test_half_text_is_kept_for_the_next_attempt() -> None:
    story = Story()
    book = story.activity("book")
    story.half_answer(book, SAID).fail(book)
    book = story.again(book)
    half = SAID[: len(SAID) // 2]
    story.model({"ask": "x"}, task=book).complete(book, {"text": f"So far: {half}"})
    story.effect("page", {"text": half}, key="k").close(result=half)
    findings = judged(CHECK, story.evidence(), undisturbed()).findings
    assert [found.subject for found in findings] == ["the result of book", "effect page", "the result of Agent"]
    assert "holds half of an answer of the model: 'A quiet lake below " in findings[1].message


def test_text_of_an_error_is_mailed() -> None:
    story = Story()
    book = story.activity("book")
    story.error(book, "model-500-once").fail(book)
    book = story.again(book)
    story.model({"ask": "x"}, task=book).complete(book)
    story.effect("mail", {"text": "Sorry: The server had an error while processing your request."})
    finding = only_finding(CHECK, story.close().evidence(), undisturbed())
    assert finding.subject == "effect mail"
    assert "holds the text of an error of the model" in finding.message


def test_whole_answer_later_is_no_finding() -> None:
    story = Story()
    book = story.activity("book")
    story.half_answer(book, SAID).fail(book, message=f"cannot read {SAID[:20]}").wait(1)
    book = story.again(book)
    story.model({"ask": "x"}, task=book).complete(book, SAID).effect("page", {"text": SAID}, key="k")
    passes(CHECK, story.close(result=SAID).evidence(), undisturbed())
    story = Story()
    book = story.activity("book")
    story.error(book, "model-500-once").model({"ask": "x"}, task=book).complete(book)
    passes(CHECK, story.close().evidence(), undisturbed())


def test_declared_fallback_is_no_finding_where_nothing_heals() -> None:
    def falls_back(fault: str, *, declared: bool) -> Evidence:
        story = Story()
        book = story.activity("book")
        story.error(book, fault).complete(book, "There is news.")
        return story.close().evidence(falls_back=declared)

    passes(CHECK, falls_back("model-outage", declared=True), undisturbed())
    only_finding(CHECK, falls_back("model-outage", declared=False), undisturbed())
    only_finding(CHECK, falls_back("model-500-once", declared=True), undisturbed())


def test_half_with_nothing_to_look_at() -> None:
    assert nothing(CHECK, undisturbed()) == "every answer of the model was whole"


def test_a_refusal_is_mailed_where_an_answer_stood() -> None:
    refused = "I'm sorry, but I can't help with that."
    story = Story()
    book = story.activity("book")
    answer = {"choices": [{"message": {"content": None, "refusal": refused}}]}
    story.model({"ask": "x"}, task=book, answer=answer).complete(book, "none").effect(
        "page", {"text": refused}, key="k"
    )
    finding = only_finding(CHECK, story.close(result="none").evidence(), undisturbed())
    assert finding.subject == "effect page"
    assert finding.message == f'effect page holds what the model said when it refused: "{refused}"'


def test_a_refusal_that_is_told_as_one_is_no_finding() -> None:
    refused = "I'm sorry, but I can't help with that."
    story = Story()
    book = story.activity("book")
    answer = {"choices": [{"message": {"content": None, "refusal": refused}}]}
    story.model({"ask": "x"}, task=book, answer=answer).complete(book, {"refused": refused})
    passes(CHECK, story.close(result={"refused": refused}).evidence(), undisturbed())
