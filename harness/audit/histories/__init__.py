"""The audit of recorded histories: what retries, timeouts, heartbeats, payloads and workflow tasks came to."""

from harness.audit.histories.catalogue import RECORDED as RECORDED
from harness.audit.histories.catalogue import explained as explained
from harness.audit.histories.grouping import audited as audited
from harness.audit.histories.history_facts import HistoryFacts as HistoryFacts
from harness.audit.histories.history_facts import look as look
