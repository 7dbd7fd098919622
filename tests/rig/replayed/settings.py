"""What differs between the worker that recorded the histories and the one that is asked again."""

import locale
import os

TIMEOUT_S = float(os.environ.get("ORDER_TIMEOUT_S", "60"))
VERSION = os.environ.get("ORDER_VERSION", "1")
PRICES_ASKED = os.environ.get("ORDER_PRICES_ASKED", os.devnull)

ENCODING = locale.getpreferredencoding(False)

runs_begun: list[str] = []


def leave() -> None:
    """End the process without a word, as a crash in native code does."""
    os._exit(7)
