"""A cache for the whole process, in a module that workflows pass through the sandbox."""

ANSWERS: dict[str, str] = {}
