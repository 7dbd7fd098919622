"""A replayer for the planted workflows that pass pydantic models on."""

from __future__ import annotations

from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer

from tests.replay.planted.alike.own_uuid import OwnCalling
from tests.replay.planted.conditions.uuid_default import Calling


def with_models() -> Replayer:
    return Replayer(workflows=[Calling, OwnCalling], data_converter=pydantic_data_converter)
