"""A campaign comes to the same verdicts, whenever its worker, its store or its cluster fails, or a batch is doubled."""

from dataclasses import replace
from tempfile import gettempdir

from harness import Scenario, start
from harness.campaign.orders import TASK_QUEUE, CampaignOrder, Policy
from harness.campaign.workflows import CrashproofCampaign

POLICY = Policy(start_to_close=60, heartbeat=5, attempts=5, initial=0.2, maximum=2)
ORDER = CampaignOrder(
    store="evidence",
    targets=("trip",),
    policies=dict.fromkeys(("prepare", "baselines", "batch", "round", "merge"), POLICY),
    batch=3,
)

worker_dies = Scenario(
    worker="python -m scenarios.campaign.worker",
    task_queue=TASK_QUEUE,
    work=start(CrashproofCampaign.run, ORDER, id="tour"),
    effects="campaign_bucket.py",
    state=f"{gettempdir()}/campaign-${{TRIAL}}.db",
    faults=["kill-worker"],
)
store_fails = replace(worker_dies, faults=["effect-500-once", "effect-duplicated"])
cluster_dies = replace(worker_dies, faults=["kill-server"])
batch_doubled = replace(worker_dies, faults=["pause-worker"])
