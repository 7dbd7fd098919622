"""A data converter by its name, as options and scenarios give it."""

from __future__ import annotations

import importlib

from temporalio.converter import DataConverter

from harness.errors import UsageError


def named_converter(reference: str) -> DataConverter:
    """Return the data converter that ``module:name`` names.

    Raises:
        UsageError: It is not named so, cannot be imported, or is none.
    """
    module, _, name = reference.partition(":")
    if not module or not name:
        raise UsageError(f"the data converter {reference!r} is not MODULE:NAME, such as app.workflows:CONVERTER")
    try:
        named = getattr(importlib.import_module(module), name)
    except (Exception, SystemExit) as error:  # whatever the user's module raises
        words = f"{error}" if isinstance(error, ImportError | AttributeError) else f"{type(error).__name__}: {error}"
        raise UsageError(f"the data converter {reference!r} cannot be imported: {words}") from error
    if not isinstance(named, DataConverter):
        raise UsageError(f"{reference!r} is a {type(named).__name__}, not a temporalio DataConverter")
    return named
