"""What client code passes to a workflow is read from how it is written, and made up where that says nothing."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from tests.unit.audit.test_program_reading import agent, program

ORDER = """
import uuid
@dataclass
class Item:
    sku: str
    count: int = 1

@dataclass
class Order:
    number: str
    email: str
    items: list[Item]
    due_date: str = ""
"""


def started(folder: Path, text: str, signature: str = "order: Order") -> tuple[object, tuple[str, ...], bool]:
    """Return the one argument, what of it was made up, and whether any was read."""
    client = "import argparse\nimport os\nimport uuid\nfrom worker import Agent, Item, Order\n" + dedent(text)
    (workflow,) = program(folder, ORDER + agent(signature), client=client).workflows
    (argument,) = workflow.arguments
    return argument, workflow.filled, workflow.written


LAMP = {"number": "1", "email": "ann@x.org", "items": [{"sku": "lamp"}]}


@pytest.mark.parametrize(
    "text",
    [
        """
        async def main(client):
            for order in [Order("1", "ann@x.org", [Item("lamp")]), Order("2", "bob@x.org", [])]:
                await client.execute_workflow(Agent.run, args=[order], id=order.number)
        """,
        """
        ORDERS = [Order("1", "ann@x.org", [Item("lamp")])]
        async def main(client):
            for number, order in enumerate(ORDERS[:1]):
                await client.execute_workflow(Agent.run, order, id=f"order-{number}")
        """,
        """
        async def main(client):
            orders = []
            for number in range(1, 9):
                orders.append(Order(str(number), "ann@x.org", items=[Item("lamp")]))
            await gather(*[client.start_workflow(Agent.run, each, id="x") for each in orders])
        """,
        """
        PEOPLE = [("ann", "lamp"), ("bob", "bed")]
        async def main(client, i):
            name, thing = PEOPLE[i % 2], PEOPLE[i % 2][1]
            await client.execute_workflow(Agent.run, Order(f"{0 + 1:d}", name[0] + "@x.org", [Item(sku=thing)]), id="x")
        """,
        """
        async def main():
            await begin(order=Order("1", "ann@x.org", [Item("lamp")]))
        async def begin(order, client=None):
            await client.execute_workflow(Agent.run, arg=order, id="x")
        """,
        """
        async def main(client):
            options = argparse.ArgumentParser()
            options.add_argument("--e-mail", default="ann@x.org")
            given = options.parse_args()
            order = Order(os.getenv("NUMBER", "1"), given.e_mail, [Item("lamp")])
            await client.execute_workflow(Agent.run, order, id="x")
        """,
        """
        async def main(client, lamp=Item("lamp")):
            ann = Order("1", "ann@x.org", [])
            order = {"number": ann.number, "email": ann.email, "items": [lamp]}
            await client.execute_workflow(Agent.run, order, id="x")
        """,
    ],
    ids=["loop", "enumerated", "appended", "items", "parameter", "options", "attributes"],
)
def test_it_is_read_through_what_client_code_does(tmp_path: Path, text: str) -> None:
    assert started(tmp_path, text) == (LAMP, (), True)


@pytest.mark.parametrize(
    ("passed", "value"),
    [
        ("f'run-{int(time.time() * 1000)}'", "run-1767225600000"),
        ("f'run-{uuid.uuid4().hex[:8]}'", "run-5f0c8a52"),
        ("uuid.uuid4()", "5f0c8a52-6d0e-4b7c-9d43-1e2f3a4b5c6d"),
        ("datetime.now(UTC).isoformat()", "2026-01-01T00:00:00+00:00"),
        ("(datetime(2025, 1, 20) + timedelta(days=3)).strftime('%Y-%m-%d')", "2025-01-23"),
        ("random.choice(['a', 'b']).upper()", "A"),
        ("{'days': (7 % 4) + 1, 'rate': 3 / 2}", {"days": 4, "rate": 1.5}),
        ("[timedelta(hours=1), datetime.now().year]", [3600.0, 2026]),
    ],
)
def test_clocks_ids_and_arithmetic_give_values_too(tmp_path: Path, passed: str, value: object) -> None:
    text = f"""
    import random, time
    from datetime import UTC, datetime, timedelta
    async def main(client):
        await client.execute_workflow(Agent.run, {passed}, id="x")
    """
    assert started(tmp_path, text, "question: str") == (value, (), True)


def test_a_field_that_cannot_be_read_is_made_up_and_named(tmp_path: Path) -> None:
    text = """
    async def main(client):
        order = Order(str(uuid.uuid4()), input("E-mail? "), items=load(), due_date=tomorrow())
        await client.execute_workflow(Agent.run, order, id="x")
    """
    argument, filled, written = started(tmp_path, text)
    assert (filled, written) == (("email", "items", "due_date"), True)
    assert argument == {
        "number": "5f0c8a52-6d0e-4b7c-9d43-1e2f3a4b5c6d",
        "email": "someone@example.com",
        "items": [{"sku": "sku"}],
        "due_date": "2026-01-01",
    }


def test_of_several_calls_the_one_that_is_read_wholly_counts(tmp_path: Path) -> None:
    text = """
    async def main(client):
        await client.execute_workflow(Agent.run, Order(input(), input(), [Item("bed")]), id="x")
        await client.execute_workflow(Agent.run, Order("1", "ann@x.org", [Item("lamp")]), id="y")
    """
    assert started(tmp_path, text) == (LAMP, (), True)


@pytest.mark.parametrize(
    "passed",
    [
        "input()",
        "load()[0]",
        "args=load()",
        "Order(**load())",
        "Order(input(), load(), load())",
        "b'x'",
        "f'{load()}'",
    ],
)
def test_what_says_nothing_is_made_up_wholly(tmp_path: Path, passed: str) -> None:
    text = f"""
    async def main(client):
        await client.execute_workflow(Agent.run, {passed}, id="x")
    """
    assert started(tmp_path, text, "question: str") == ("question", (), False)


def test_loops_that_go_through_each_other_are_not_followed_for_ever(tmp_path: Path) -> None:
    text = """
    async def main(client, all):
        for each in all:
            for all in each:
                await client.execute_workflow(Agent.run, each, id="x")
    """
    assert started(tmp_path, text, "question: str") == ("question", (), False)
