"""Planted: what it serves to Prometheus is a sign of life alone, and stands still whatever fails."""

from __future__ import annotations

import os
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from temporalio import activity, workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from scenarios import plumbing

RETRIES = RetryPolicy(
    initial_interval=timedelta(seconds=1), maximum_attempts=5, non_retryable_error_types=["InvalidInputError"]
)


class SignOfLife(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"# TYPE worker_starts_total counter\nworker_starts_total 1\n")

    def log_message(self, format: str, *args: object) -> None:
        """Write no line for each scrape."""


@activity.defn
async def ask_model(question: str) -> str:
    return await plumbing.ask(question)


@workflow.defn
class AskUnmeasured:
    @workflow.run
    async def run(self, question: str) -> str:
        return await workflow.execute_activity(
            ask_model, question, start_to_close_timeout=timedelta(minutes=5), retry_policy=RETRIES
        )


if __name__ == "__main__":
    host, _, port = os.environ["METRICS_ADDRESS"].rpartition(":")
    server = ThreadingHTTPServer((host, int(port)), SignOfLife)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    plumbing.main(workflows=[AskUnmeasured], activities=[ask_model], measured=False)
