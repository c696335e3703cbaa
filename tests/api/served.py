"""``costmodel serve`` as a process of its own; coroutines beside a browser."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import httpx

from tests.services import free_port

ROOT = Path(__file__).parents[2]
Value = TypeVar("Value")


class Served:
    """A service on loopback that needs no key."""

    def __init__(self, data: Path, *options: str) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "costmodel", "serve", "--dev", "--port", str(port),
             "--data", str(data), *options],
            cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        until = time.monotonic() + 60
        while True:
            try:
                httpx.get(f"{self.url}/readyz").raise_for_status()
                return
            except httpx.HTTPError:
                assert time.monotonic() < until, "the service did not start"
                assert self.process.poll() is None, "the service ended"
                time.sleep(0.1)

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=60)

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(20)


def run_coroutine(coroutine: Coroutine[Any, Any, Value]) -> Value:
    """Run a coroutine in a thread of its own: a browser of another test keeps a loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()
