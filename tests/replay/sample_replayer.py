"""Makes the replayer of a user who has one of his own."""

from temporalio.worker import Replayer

from tests.replay import sample_workflows


def replayer() -> Replayer:
    return Replayer(workflows=[sample_workflows.Greeting], namespace="theirs")
