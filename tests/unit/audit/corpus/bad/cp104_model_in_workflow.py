"""An agent that calls its model and its tools from the workflow itself."""

import sqlite3
import subprocess
from urllib.request import urlopen

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    import httpx
    from openai import AsyncOpenAI

    client = AsyncOpenAI(max_retries=0)


@workflow.defn
class ImpatientAgent:
    @workflow.run
    async def run(self, question: str) -> str:
        answer = await client.chat.completions.create(  # finding: CP104
            model="gpt-4o-mini", messages=[{"role": "user", "content": question}]
        )
        async with httpx.AsyncClient() as web:  # finding: CP104
            page = await web.get("https://example.com")
        commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, check=True)  # finding: CP104
        with sqlite3.connect("notes.db") as notes:  # finding: CP104
            notes.execute("insert into notes values (?)", (page.text,))
        with urlopen("https://example.com/tool") as tool:  # finding: CP104
            return f"{answer} {commit} {tool.read()}"
