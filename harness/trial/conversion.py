"""The data converter by which crashproof writes what it starts work with and sends, as the user's own clients do."""

from __future__ import annotations

import importlib

from temporalio.converter import DataConverter

from harness.errors import UsageError
from harness.records.scenario import Scenario


def converter_of(scenario: Scenario) -> DataConverter:
    """Return the data converter that the scenario names.

    Raises:
        UsageError: It cannot be imported, or is none.
    """
    if not scenario.data_converter:
        return DataConverter.default
    module, _, name = scenario.data_converter.partition(":")
    try:
        named = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise UsageError(f"the data converter {scenario.data_converter!r} cannot be imported: {error}") from error
    if not isinstance(named, DataConverter):
        raise UsageError(f"{scenario.data_converter!r} is a {type(named).__name__}, not a temporalio DataConverter")
    return named
