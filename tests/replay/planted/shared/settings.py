"""A setting from the environment, in a module that workflows pass through the sandbox."""

import os


def model() -> str:
    return os.environ.get("PLANTED_MODEL", "small")  # planted
