"""What a difference says of its cause, and what is none: patches, replaced commands, random numbers, defaults."""

from __future__ import annotations

from harness.temporal.command import Command
from harness.temporal.fields import payload_fields
from tests.replay.past import Past, activity, answered, marker, patched, payload, shown, told


def test_report_cases_a_patch_may_be_deprecated_and_not_be_gone() -> None:
    past = Past()
    started = past.task()
    patched(past, "p1")
    same, deprecated = (
        marker("core_patch", patchId="p1", deprecated=False),
        marker("core_patch", patchId="p1", deprecated=True),
    )
    upsert = Command(
        kind="UpsertWorkflowSearchAttributes", fields={"searchAttributes.TemporalChangeVersion": told(["p1"])}
    )
    assert not answered(past, started, same, upsert).differences
    assert shown(answered(past, started, deprecated)) == []
    (gone,) = answered(past, started).differences
    assert shown(answered(past, started)) == [(5, "p1", "command", "RecordMarker p1", None)]
    assert 'call workflow.deprecate_patch("p1") where patched() stood' in gone.note


def test_report_cases_a_deprecated_patch_may_be_removed() -> None:
    past = Past()
    started = past.task()
    patched(past, "p1", deprecated=True)
    assert answered(past, started).differences == ()
    assert answered(past, started, marker("core_patch", patchId="p1", deprecated=True)).differences == ()


def test_report_cases_a_replaced_command_is_one_difference() -> None:
    past = Past()
    started = past.task(("book", "1", "a"))
    (replaced,) = answered(past, started, activity("tram", "1", "b", more={"startToCloseTimeout": 60.0})).differences
    assert (replaced.field, replaced.old, replaced.new) == ("activityType", "book", "tram")
    assert replaced.note == "2 other fields of it differ too"


def test_report_cases_what_the_server_fills_in_is_no_difference_of_its_own() -> None:
    past = Past()
    started = past.task(("book", "1"))
    policy = past.events[-1].activity_task_scheduled_event_attributes.retry_policy
    policy.initial_interval.seconds, policy.maximum_interval.seconds, policy.backoff_coefficient = 1, 100, 2
    slower = {"retryPolicy.initialInterval": 2.0, "retryPolicy.backoffCoefficient": 2.0}
    names = [one.field for one in answered(past, started, activity("book", "1", more=slower)).differences]
    assert names == ["retryPolicy.initialInterval"]
    capped = {**slower, "retryPolicy.maximumInterval": 7.0}
    names = [one.field for one in answered(past, started, activity("book", "1", more=capped)).differences]
    assert names == ["retryPolicy.initialInterval", "retryPolicy.maximumInterval"]


def test_report_cases_the_type_of_a_search_attribute_is_the_clusters_where_the_worker_says_none() -> None:
    past = Past()
    started = past.task()
    recorded = payload("new")
    recorded.metadata["type"] = b"Keyword"
    past.add(
        "upsert_workflow_search_attributes",
        search_attributes={"indexed_fields": {"Plan": recorded}},
        workflow_task_completed_event_id=4,
    )

    def fields(value: str, **metadata: bytes) -> list[str]:
        said = payload(value)
        for name, each in metadata.items():
            said.metadata[name] = each
        upsert = Command(kind="UpsertWorkflowSearchAttributes", fields={"searchAttributes.Plan": payload_fields(said)})
        return [one.field for one in answered(past, started, upsert).differences]

    assert fields("new") == fields("new", type=b"Keyword") == []
    assert fields("old") == fields("new", type=b"Text") == ["searchAttributes.Plan"]


def test_report_cases_a_shift_of_the_random_stream_is_named() -> None:
    past = Past()
    started = past.task(("book", "1", "order-ed800bcf-1be1-44b2-838d-bbdae06db3fe"))
    (moved,) = answered(past, started, activity("book", "1", "order-bd7af7db-7f70-4e18-ad80-0bcf1be1e4b2")).differences
    assert moved.note.startswith("the stream of workflow.random() is shifted")
    (other,) = answered(past, started, activity("book", "1", "order-7")).differences
    assert other.note == ""
