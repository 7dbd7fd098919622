"""The year, in a module that workflows pass through the sandbox."""

import datetime


def this_year() -> int:
    return datetime.datetime.now(datetime.UTC).year  # planted
