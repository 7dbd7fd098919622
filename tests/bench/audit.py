"""What the audit finds in its corpus, and how long it takes for a made-up product of 100,000 lines, cold and cached."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.bench import corpus
from tests.bench.table import Figure, below

LINES = 100_000
DOMAINS = 40
SERVICES = 11
_AUDIT = "import sys; from pathlib import Path; from harness.audit.audit import audit; "
_AUDIT += "found = audit([sys.argv[1]], cache=Path(sys.argv[2])); "
_AUDIT += "print(len(found.files), sum(one.lines for one in found.files), found.workflows, len(found.errors))"

_SETTINGS = '''"""Settings of the product."""

import os
from dataclasses import dataclass, field
from datetime import timedelta


@dataclass(frozen=True)
class Settings:
    """What can be set from outside."""

    address: str = "localhost:7233"
    task_queue: str = "orders"
    limits: dict[str, int] = field(default_factory=dict)
    patience: timedelta = timedelta(minutes=5)


def load() -> Settings:
    return Settings(address=os.environ.get("ADDRESS", "localhost:7233"))
'''

_SERVICE = '''

@dataclass
class {name}Record:
    """One {word} of {domain}, as it is kept."""

    key: str
    amount: int = 0
    labels: list[str] = field(default_factory=list)
    parent: "{name}Record | None" = None

    @property
    def is_open(self) -> bool:
        return self.amount > 0 and "closed" not in self.labels

    def total(self, others: Iterable["{name}Record"]) -> int:
        amounts = [other.amount for other in others if other.is_open]
        return self.amount + sum(amounts)


class {name}Store:
    """Keeps {word}s in memory and looks them up."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._records: dict[str, {name}Record] = {{}}
        self._by_label: dict[str, list[{name}Record]] = {{}}

    def add(self, record: {name}Record) -> None:
        if record.key in self._records:
            raise ValueError(f"{{record.key}} is there already")
        self._records[record.key] = record
        for label in record.labels:
            self._by_label.setdefault(label, []).append(record)

    def find(self, label: str, *, limit: int = 10) -> list[{name}Record]:
        found = self._by_label.get(label, [])
        return sorted(found, key=lambda record: record.amount, reverse=True)[:limit]

    def report(self) -> str:
        rows = [f"{{key:<20}} {{record.amount:>8}}" for key, record in sorted(self._records.items())]
        header = "{word}".ljust(20) + "amount".rjust(9)
        return "\\n".join([header, *rows, self._summary()])

    def _summary(self) -> str:
        opened = sum(1 for record in self._records.values() if record.is_open)
        return f"{{opened}} of {{len(self._records)}} open"


def parse_{word}(line: str) -> {name}Record:
    """Read one line of the old format."""
    key, _, rest = line.partition(";")
    amount, _, labels = rest.partition(";")
    try:
        return {name}Record(key=key.strip(), amount=int(amount), labels=[each for each in labels.split(",") if each])
    except ValueError as error:
        raise ValueError(f"cannot read {{line!r}}") from error
'''

_WORDS = ("invoice", "parcel", "customer", "refund", "voucher")

_ACTIVITIES = '''"""Activities of {domain}."""

import httpx
from temporalio import activity

from product.{domain}.service_1 import InvoiceStore, parse_invoice
from product.settings import load


@activity.defn
async def fetch_{domain}(key: str) -> str:
    async with httpx.AsyncClient(timeout=10) as client:
        answer = await client.get(f"https://{domain}.example/{{key}}")
        return answer.text


@activity.defn
async def book_{domain}(lines: list[str]) -> int:
    store = InvoiceStore(load())
    for number, line in enumerate(lines):
        activity.heartbeat(number)
        store.add(parse_invoice(line))
    return len(store.report())
'''

_WORKFLOW = '''"""The workflow of {domain}."""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from product.{domain}.activities import book_{domain}, fetch_{domain}
    from product.{domain}.service_2 import {record}

RETRIES = RetryPolicy(maximum_attempts=5, maximum_interval=timedelta(seconds=30))


@workflow.defn
class {title}Workflow:
    def __init__(self) -> None:
        self._stopped = False
        self._seen: list[str] = []

    @workflow.run
    async def run(self, keys: list[str]) -> int:
        booked = 0
        for key in keys:
            await workflow.wait_condition(lambda: not self._stopped)
            text = await workflow.execute_activity(
                fetch_{domain}, key, start_to_close_timeout=timedelta(minutes=1), retry_policy=RETRIES
            )
            record = {record}(key=key, amount=len(text))
            booked += await self._book(record, text)
            self._seen.append(key)
        return booked

    async def _book(self, record: {record}, text: str) -> int:
        if not record.is_open:
            return 0
        return await workflow.execute_activity(
            book_{domain},
            text.splitlines(),
            start_to_close_timeout=timedelta(minutes=5),
            heartbeat_timeout=timedelta(seconds=30),
            retry_policy=RETRIES,
        )

    @workflow.signal
    def stop(self) -> None:
        self._stopped = True

    @workflow.query
    def seen(self) -> list[str]:
        return list(self._seen)
'''


def write_product(folder: Path, *, lines: int = LINES) -> int:
    """Write a product with some workflows and activities, and return how many lines it has."""
    files = {"product/__init__.py": '"""The product."""\n', "product/settings.py": _SETTINGS}
    each = lines // (DOMAINS * SERVICES)
    for number in range(DOMAINS):
        domain = f"domain_{number}"
        title = f"Domain{number}"
        files[f"product/{domain}/__init__.py"] = f'"""{title}."""\n'
        files[f"product/{domain}/activities.py"] = _ACTIVITIES.format(domain=domain)
        files[f"product/{domain}/workflows.py"] = _WORKFLOW.format(domain=domain, title=title, record="InvoiceRecord")
        for service in range(1, SERVICES + 1):
            files[f"product/{domain}/service_{service}.py"] = _service(domain, service, lines=each)
    files["product/worker.py"] = _worker()
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return sum(text.count("\n") for text in files.values())


def _service(domain: str, service: int, *, lines: int) -> str:
    text = f'"""Service {service} of {domain}."""\n\nfrom collections.abc import Iterable\n'
    text += "from dataclasses import dataclass, field\n\nfrom product.settings import Settings\n"
    if service > 2:
        text += f"from product.{domain}.service_{service - 1} import InvoiceStore as Before\n"
    number = 0
    while text.count("\n") < lines:
        word = _WORDS[number] if number < len(_WORDS) else f"{_WORDS[number % len(_WORDS)]}{number}"
        text += _SERVICE.format(name=word.title(), word=word, domain=domain)
        number += 1
    return text


def _worker() -> str:
    domains = [f"domain_{number}" for number in range(DOMAINS)]
    text = '"""The worker."""\n\nimport asyncio\n\nfrom temporalio.client import Client\n'
    text += "from temporalio.worker import Worker\n\nfrom product.settings import load\n"
    for number, domain in enumerate(domains):
        text += f"from product.{domain}.activities import book_{domain}, fetch_{domain}\n"
        text += f"from product.{domain}.workflows import Domain{number}Workflow\n"
    workflows = ", ".join(f"Domain{number}Workflow" for number in range(DOMAINS))
    activities = ", ".join(f"book_{domain}, fetch_{domain}" for domain in domains)
    text += "\n\nasync def main() -> None:\n    settings = load()\n"
    text += "    client = await Client.connect(settings.address)\n"
    text += f"    worker = Worker(client, task_queue=settings.task_queue, workflows=[{workflows}],"
    text += f" activities=[{activities}])\n    await worker.run()\n\n\n"
    return text + 'if __name__ == "__main__":\n    asyncio.run(main())\n'


def measure() -> list[Figure]:
    """Judge the corpus, then audit the product twice, each time in a process of its own."""
    return [*corpus.measure(), *measure_product()]


def measure_product() -> list[Figure]:
    """Audit the product with an empty cache and again with a full one, each time in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="crashproof-bench-") as name:
        lines = write_product(Path(name, "code"))
        cold, told = _audited(Path(name))
        warm, again = _audited(Path(name))
    if told != again or told.split()[2:] != [str(DOMAINS), "0"]:
        raise SystemExit(f"the audit told {told!r} cold and {again!r} warm, expected {DOMAINS} workflows and no errors")
    return [
        below(f"audit of {lines:,} lines, nothing remembered", cold, 20, unit="s", digits=1),
        below(f"audit of {lines:,} lines, unchanged", warm, 3, unit="s", digits=1),
    ]


def _audited(folder: Path) -> tuple[float, str]:
    command = [sys.executable, "-c", _AUDIT, str(folder / "code"), str(folder / "cache")]
    begun = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return time.monotonic() - begun, done.stdout.strip()
