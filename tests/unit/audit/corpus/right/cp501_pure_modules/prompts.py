"""Prompts that depend on what they are given, and on what was read once, at import."""

import os
import time


def _seconds(name: str, default: int) -> int:
    return int(os.getenv(name, str(default)))


LIMIT = _seconds("GREETING_SECONDS", 10)


def greeting(name: str, hour: int) -> str:
    return f"Good morning, {name}" if hour < 12 else f"Good day, {name}"


def stamp() -> float:
    return time.time()
