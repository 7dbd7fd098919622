"""Prompts that depend on the hour."""

import time


def greeting(name: str) -> str:
    hour = time.gmtime(time.time()).tm_hour  # finding: CP101
    return f"Good morning, {name}" if hour < 12 else f"Good day, {name}"
