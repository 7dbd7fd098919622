"""Threads, executors, other event loops and blocking waits in a workflow."""

import asyncio
import multiprocessing
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import requests
from temporalio import workflow


def fetch(url: str) -> str:
    return requests.get(url, timeout=5).text  # finding: CP105


@workflow.defn
class BusyAgent:
    @workflow.run
    async def run(self, urls: list[str]) -> list[str]:
        time.sleep(1)  # finding: CP105
        pages = [fetch(url) for url in urls]
        with ThreadPoolExecutor(4) as pool:  # finding: CP105
            pages += pool.map(str.upper, pages)
        threading.Thread(target=print, args=pages).start()  # finding: CP105
        pages.append(await asyncio.to_thread(str.lower, pages[0]))  # finding: CP105
        loop = asyncio.get_running_loop()
        pages.append(await loop.run_in_executor(None, str.lower, pages[0]))  # finding: CP105
        with multiprocessing.Pool(2) as processes:  # finding: CP105
            pages += processes.map(str.lower, pages)
        await workflow.sleep(timedelta(seconds=1))
        return pages
