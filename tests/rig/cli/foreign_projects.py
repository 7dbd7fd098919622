"""Small projects as others write them: what `crashproof init` has to understand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

_TRANSFERS = {
    "shared.py": """
        from dataclasses import dataclass

        TRANSFER_TASK_QUEUE = "TRANSFER_MONEY_TASK_QUEUE"

        @dataclass
        class PaymentDetails:
            source_account: str
            target_account: str
            amount: int
        """,
    "activities.py": """
        from temporalio import activity
        from shared import PaymentDetails

        class BankingActivities:
            def __init__(self):
                self.receipts = 0

            @activity.defn
            async def withdraw(self, data: PaymentDetails) -> str:
                return f"withdrawn {data.amount} from {data.source_account}"

            @activity.defn
            async def deposit(self, data: PaymentDetails) -> str:
                return f"deposited {data.amount} to {data.target_account}"
        """,
    "workflows.py": """
        from datetime import timedelta
        from temporalio import workflow
        from temporalio.common import RetryPolicy

        with workflow.unsafe.imports_passed_through():
            from activities import BankingActivities
            from shared import PaymentDetails

        @workflow.defn
        class MoneyTransfer:
            @workflow.run
            async def run(self, payment: PaymentDetails) -> str:
                policy = RetryPolicy(maximum_attempts=3, maximum_interval=timedelta(seconds=2))
                steps = []
                for step in (BankingActivities.withdraw, BankingActivities.deposit):
                    steps.append(await workflow.execute_activity_method(
                        step, payment, start_to_close_timeout=timedelta(seconds=5), retry_policy=policy
                    ))
                return ", ".join(steps)
        """,
    "run_worker.py": """
        import asyncio
        import os
        from temporalio.client import Client
        from temporalio.worker import Worker
        from activities import BankingActivities
        from shared import TRANSFER_TASK_QUEUE
        from workflows import MoneyTransfer

        async def main():
            client = await Client.connect(os.environ.get("TEMPORAL_ADDRESS", "localhost:7233"))
            bank = BankingActivities()
            worker = Worker(client, task_queue=TRANSFER_TASK_QUEUE, workflows=[MoneyTransfer],
                            activities=[bank.withdraw, bank.deposit])
            await worker.run()

        if __name__ == "__main__":
            asyncio.run(main())
        """,
}

_ORDERS = {
    "src/orders/__init__.py": "",
    "src/orders/messages.py": """
        from __future__ import annotations
        import enum
        from dataclasses import dataclass, field
        from datetime import datetime

        class Priority(str, enum.Enum):
            LOW = "low"
            HIGH = "high"

        @dataclass
        class Line:
            sku: str
            quantity: int = 1

        @dataclass
        class Order:
            id: str
            lines: list[Line]
            placed: datetime
            priority: Priority = Priority.LOW
            notes: dict[str, str] = field(default_factory=dict)

        @dataclass
        class Release:
            by: str
            at: datetime
        """,
    "src/orders/work.py": """
        from datetime import timedelta
        from temporalio import activity, workflow
        from temporalio.common import RetryPolicy

        with workflow.unsafe.imports_passed_through():
            from orders.messages import Line, Order, Release

        @activity.defn(name="reserve-stock")
        def reserve_stock(line: Line) -> int:
            activity.logger.info("reserving %s", line.sku)
            return line.quantity

        @workflow.defn(name="FulfilOrder")
        class Fulfilment:
            def __init__(self) -> None:
                self.release: Release | None = None

            @workflow.signal(name="release-order")
            def released(self, release: Release) -> None:
                self.release = release

            @workflow.run
            async def run(self, order: Order) -> int:
                await workflow.wait_condition(lambda: self.release is not None, timeout=timedelta(days=2))
                return sum([await self.reserved(line) for line in order.lines])

            async def reserved(self, line: Line) -> int:
                return await workflow.execute_activity(
                    reserve_stock, line, start_to_close_timeout=timedelta(seconds=20),
                    retry_policy=RetryPolicy(maximum_attempts=4),
                )
        """,
    "src/orders/__main__.py": """
        import argparse
        import asyncio
        import logging
        import os
        from concurrent.futures import ThreadPoolExecutor
        from temporalio.client import Client
        from temporalio.worker import Worker
        from orders.work import Fulfilment, reserve_stock

        async def run_worker(address: str, queue: str) -> None:
            client = await Client.connect(address)
            with ThreadPoolExecutor(max_workers=8) as pool:
                async with Worker(client, task_queue=queue, workflows=[Fulfilment], activities=[reserve_stock],
                                  activity_executor=pool):
                    logging.info("Worker started, ctrl+c to exit")
                    await asyncio.Event().wait()

        def main() -> None:
            logging.basicConfig(level=logging.INFO)
            parser = argparse.ArgumentParser()
            parser.add_argument("--address", default=os.environ.get("TEMPORAL_ADDRESS"))
            parser.add_argument("--queue", default="orders")
            options = parser.parse_args()
            asyncio.run(run_worker(options.address, options.queue))

        if __name__ == "__main__":
            main()
        """,
}

_HELLO = {
    "hello_activity.py": """
        import asyncio
        from dataclasses import dataclass
        from datetime import timedelta
        from temporalio import activity, workflow
        from temporalio.client import Client
        from temporalio.common import RetryPolicy
        from temporalio.envconfig import ClientConfig
        from temporalio.worker import Worker

        @dataclass
        class ComposeGreetingInput:
            greeting: str
            name: str

        @activity.defn
        async def compose_greeting(input: ComposeGreetingInput) -> str:
            return f"{input.greeting}, {input.name}!"

        @workflow.defn
        class GreetingWorkflow:
            @workflow.run
            async def run(self, name: str) -> str:
                return await workflow.execute_activity(
                    compose_greeting, ComposeGreetingInput("Hello", name),
                    start_to_close_timeout=timedelta(seconds=10), retry_policy=RetryPolicy(maximum_attempts=3),
                )

        async def main():
            client = await Client.connect(**ClientConfig.load_client_connect_config())
            async with Worker(client, task_queue="hello-activity-task-queue", workflows=[GreetingWorkflow],
                              activities=[compose_greeting]):
                result = await client.execute_workflow(
                    GreetingWorkflow.run, "World", id="hello-activity-workflow-id",
                    task_queue="hello-activity-task-queue",
                )
                print(f"Result: {result}")

        if __name__ == "__main__":
            asyncio.run(main())
        """,
}

PROJECTS: Mapping[str, Mapping[str, str]] = {"transfers": _TRANSFERS, "orders": _ORDERS, "hello": _HELLO}
"""Modules side by side and activities of a class; a package below src that waits for a signal; a sample that starts
itself."""


def lay_out(name: str, folder: Path) -> None:
    """Write the files of a project into a folder."""
    for path, text in PROJECTS[name].items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(dedent(text))
