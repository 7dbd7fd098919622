"""Campaigns: sweeps on many machines, coordinated by a workflow on the user's own Temporal cluster.

The cluster only coordinates. Every trial runs on a machine that holds the code under test, against a dev server of that
machine's own (``harness.trial.rig``); nothing is ever struck on the cluster. What trials leave behind goes to a store
(``harness.campaign.store``), and histories carry references to it alone.
"""
