"""What differs from process to process decides: hashes of strings, addresses of objects."""

from datetime import timedelta

from temporalio import activity, workflow


class Tool:
    def __init__(self, name: str) -> None:
        self.name = name


@activity.defn
async def use(key: str) -> str:
    return key


def shard_of(customer: str) -> int:
    return hash(customer) % 16  # finding: CP107


@workflow.defn
class ShardedAgent:
    @workflow.run
    async def run(self, customer: str, names: list[str]) -> str:
        queue = f"agents-{shard_of(customer)}"
        tools = [Tool(name) for name in names]
        for tool in sorted(tools, key=id):  # finding: CP107
            await workflow.execute_activity(
                use, tool.name, task_queue=queue, start_to_close_timeout=timedelta(minutes=1)
            )
        key = f"{customer}-{id(self)}"  # finding: CP107
        await workflow.execute_activity(use, key, start_to_close_timeout=timedelta(minutes=1))
        if hash(customer) % 2:  # finding: CP107
            await workflow.execute_activity(use, customer, start_to_close_timeout=timedelta(minutes=1))
        return key
