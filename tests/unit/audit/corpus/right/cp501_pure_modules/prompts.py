"""Prompts that depend on what they are given."""

import time


def greeting(name: str, hour: int) -> str:
    return f"Good morning, {name}" if hour < 12 else f"Good day, {name}"


def stamp() -> float:
    return time.time()
