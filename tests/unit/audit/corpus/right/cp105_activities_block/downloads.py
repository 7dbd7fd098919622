"""Activities that block, in threads of their own."""

import subprocess
import threading
import time

import requests
from temporalio import activity

_lock = threading.Lock()


@activity.defn
def download(url: str) -> str:
    with _lock:
        time.sleep(1)
        return requests.get(url, timeout=5).text


@activity.defn
def unpack(file: str) -> str:
    subprocess.run(["tar", "xf", file], check=True)
    return file
