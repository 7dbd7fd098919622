"""A pause of random length, in a module that workflows pass through the sandbox."""

import random
from datetime import timedelta


def pause() -> timedelta:
    return timedelta(microseconds=random.randint(1, 1_000_000))  # planted
