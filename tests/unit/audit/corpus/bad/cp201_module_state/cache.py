"""What the worker process remembers."""

ANSWERS: dict[str, str] = {}
COUNTER = 0
SEEN: set[str] = set()


def remember(question: str, answer: str) -> None:
    ANSWERS[question] = answer  # finding: CP201


def count() -> int:
    global COUNTER
    COUNTER += 1  # finding: CP201
    return COUNTER
