"""Pure functions, an activity, and functions that only the activity calls."""

import os
import random
import time
from collections.abc import Callable

import requests
from temporalio import activity


def clean(page: str) -> str:
    return page.strip().lower()


class Timer:
    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._started = clock()

    def seconds(self) -> float:
        return self._clock() - self._started


def jitter() -> float:
    return random.random() + time.time() % 1


@activity.defn
def fetch_page(url: str) -> str:
    time.sleep(jitter())
    answer = requests.get(url, headers={"X-Key": os.environ["KEY"]}, timeout=5)
    return answer.text
