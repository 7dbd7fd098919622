"""The data converter by which crashproof writes what it starts work with and sends, as the user's own clients do."""

from __future__ import annotations

from temporalio.converter import DataConverter

from harness.records.scenario import Scenario
from harness.temporal.named_converter import named_converter


def converter_of(scenario: Scenario) -> DataConverter:
    """Return the data converter that the scenario names.

    Raises:
        UsageError: It is not named as one, cannot be imported, or is none.
    """
    return named_converter(scenario.data_converter) if scenario.data_converter else DataConverter.default
