"""The worker of the approval agent: ``python -m scenarios.approval.worker``."""

from __future__ import annotations

from scenarios import plumbing
from scenarios.approval.activities import call_llm, persist_checkpoint, search_web
from scenarios.approval.workflows import DurableAIAgentWorkflow

if __name__ == "__main__":
    plumbing.main(workflows=[DurableAIAgentWorkflow], activities=[search_web, call_llm, persist_checkpoint])
