"""The date of today, in a module that workflows pass through the sandbox."""

import datetime


def today() -> str:
    return datetime.date.today().isoformat()  # planted
