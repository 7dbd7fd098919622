"""Hashes and identities that only tell same from other, and digests that are the same everywhere."""

import hashlib
import zlib
from dataclasses import dataclass
from datetime import timedelta

from temporalio import activity, workflow


@dataclass(eq=False)
class Tool:
    name: str

    def __hash__(self) -> int:
        return hash(self.name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Tool) and other.name == self.name


@activity.defn
async def use(key: str, id: int) -> str:
    return key


@workflow.defn
class TidyAgent:
    @workflow.run
    async def run(self, names: list[str], id: int) -> str:
        tools = [Tool(name) for name in names]
        visited: set[int] = set()
        for tool in tools:
            if id_of(tool) in visited or hash(tool) == hash(tools[0]):
                continue
            visited.add(id_of(tool))
        shard = zlib.crc32(names[0].encode()) % 16
        key = hashlib.sha256(names[0].encode()).hexdigest()
        queue = f"agents-{shard}-{hash(7)}"
        return await workflow.execute_activity(
            use, args=[key, id], task_queue=queue, start_to_close_timeout=timedelta(minutes=1)
        )


def id_of(tool: Tool) -> int:
    return id(tool)
