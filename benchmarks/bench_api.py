"""The REST API beside a bare FastAPI endpoint with a body of the same size; grouped costs.

Server and client share the machine. COSTMODEL_BENCH_ROWS sets the size of the bill.
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from benchmarks.timing import report_limit
from tests.services import free_port

ROOT = Path(__file__).parents[1]
SECONDS, CONNECTIONS = 4.0, 8
ROWS = int(os.environ.get("COSTMODEL_BENCH_ROWS", "2000000"))
# A bare endpoint as people write it: FastAPI turns the returned tree into JSON.
PLAIN = """
import sys
import orjson, uvicorn
from fastapi import FastAPI, Body
app = FastAPI()
body = orjson.loads(sys.stdin.buffer.read())
@app.post("/")
async def answer(asked: dict = Body()):
    return body
uvicorn.run(app, port=int(sys.argv[1]), log_level="error")
"""
# The least FastAPI can do: no model, the tree through orjson.
BARE = """
import sys
import orjson, uvicorn
from fastapi import FastAPI, Request, Response
app = FastAPI()
body = orjson.loads(sys.stdin.buffer.read())
@app.post("/")
async def answer(request: Request):
    orjson.loads(await request.body())
    return Response(orjson.dumps(body), media_type="application/json")
uvicorn.run(app, port=int(sys.argv[1]), log_level="error")
"""


def architecture(salt: int) -> dict:
    """Twenty resources; the salt makes each request another one."""
    kinds = ("m5.large", "c5.xlarge", "t3.micro")
    resources: dict = {}
    for i in range(10):
        device = {"volume_size": 50 + i + salt % 1000, "volume_type": "gp3"}
        resources[f"instance.w{i}"] = {
            "instance_type": kinds[i % 3], "root_block_device": device,
        }  # fmt: skip
    for i in range(5):
        resources[f"ebs_volume.v{i}"] = {"size": 10 + i + salt % 777, "type": "gp3"}
        resources[f"sqs_queue.q{i}"] = {"usage": {"monthly_requests": 1_000_000 + salt + i}}
    return {"region": "us-east-1", "resources": resources}


def request_bytes(path: str, body: dict) -> bytes:
    text = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(text)}\r\n\r\n".encode() + text


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, text: bytes) -> None:
    writer.write(text)
    head = await reader.readuntil(b"\r\n\r\n")
    status = head[9:12]
    assert status in (b"200", b"201"), head
    length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
    await reader.readexactly(length)


async def load(
    port: int, path: str, body: Callable[[int], dict], rate: float | None = None
) -> tuple[float, list[float]]:
    """Return requests a second and all latencies [s]; at a fixed rate if one is given."""
    latencies: list[float] = []
    count = iter(range(10**9))
    start = time.perf_counter()

    async def worker() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while time.perf_counter() - start < SECONDS:
            number = next(count)
            text = request_bytes(path, body(number))
            due = time.perf_counter() if rate is None else start + number / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            await ask(reader, writer, text)
            latencies.append(time.perf_counter() - due)
        writer.close()

    await asyncio.gather(*(worker() for _ in range(CONNECTIONS)))
    return len(latencies) / (time.perf_counter() - start), latencies


@contextmanager
def process(command: list[str], url: str, stdin: bytes = b"") -> Iterator[int]:
    child = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    child.stdin.write(stdin)
    child.stdin.close()
    try:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                httpx.get(url)
                break
            except httpx.HTTPError:
                time.sleep(0.1)
        yield child.pid
    finally:
        child.terminate()
        child.wait(30)


def resident_mb(pid: int) -> float:
    text = Path(f"/proc/{pid}/status").read_text()
    return int(text.split("VmRSS:")[1].split()[0]) / 1024


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[int(share * (len(values) - 1))]


def bench_estimates(port: int, pid: int) -> None:
    def one(_: int) -> dict[str, Any]:
        return {"spec": architecture(0)}

    def many(n: int) -> dict[str, Any]:
        return {"spec": architecture(n)}

    def fresh(n: int) -> dict[str, Any]:
        return {**many(n), "store": False}

    answer = httpx.post(f"http://127.0.0.1:{port}/v1/estimates", json=one(0)).content
    peers = {}
    for peer, code in (("returned tree", PLAIN), ("orjson response", BARE)):
        bare_port = free_port()
        bare_url = f"http://127.0.0.1:{bare_port}/"
        with process([sys.executable, "-c", code, str(bare_port)], bare_url, answer):
            peers[peer], _ = asyncio.run(load(bare_port, "/", many))
        print(f"bare endpoint, {peer}, {len(answer):,} bytes: {peers[peer]:,.0f} requests/s")
    bare, least = peers["returned tree"], peers["orjson response"]
    for name, body in (
        ("equal requests, stored", one),
        ("each another, stored", many),
        ("each another, not stored", fresh),
    ):
        ours, _ = asyncio.run(load(port, "/v1/estimates", body))
        _, paced = asyncio.run(load(port, "/v1/estimates", body, rate=ours / 2))
        print(
            f"POST /v1/estimates of 20 resources, {name}: ours {ours:,.0f}/s, bare {bare:,.0f}/s, "
            f"ratio {ours / bare:.2f} (required ≥ 0.5), to orjson {ours / least:.2f}; "
            f"at half of it p50 "
            f"{1000 * statistics.median(paced):.1f} ms, "
            f"p99 {1000 * percentile(paced, 0.99):.1f} ms "
            "(required < 60 ms)"
        )
    before = resident_mb(pid)
    for _ in range(3):
        asyncio.run(load(port, "/v1/estimates", many))
    print(f"memory: {before:.0f} MB, after three more rounds {resident_mb(pid):.0f} MB")


def bench_costs(port: int, pid: int) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=600) as client:
        rows = min(ROWS, 2_000_000)  # what one sample may have
        made = client.post("/v1/bills/sample", json={"rows": rows, "months": 6}).json()
        start = time.perf_counter()
        while (job := client.get(f"/v1/jobs/{made['job']['id']}").json())["status"] != "done":
            assert job["status"] != "failed", job
            time.sleep(0.5)
        print(f"generated and imported {rows:,} rows in {time.perf_counter() - start:.1f} s")
        place = f"/v1/bills/{made['bill']['id']}/costs"
        times = []
        groups = ("ServiceName", "RegionId", "SubAccountId", "ChargeCategory", "x_UsageType")
        for group in groups:
            for granularity in ("total", "monthly", "daily"):
                for metric in ("EffectiveCost", "BilledCost"):
                    query = {"group_by": group, "granularity": granularity, "metric": metric,
                             "top": 10}  # fmt: skip
                    start = time.perf_counter()
                    client.get(place, params=query).raise_for_status()
                    times.append(time.perf_counter() - start)
        report_limit(
            f"grouped costs of {rows:,} rows, first time, p95", percentile(times, 0.95), 0.4
        )


def main() -> None:
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "costmodel", "serve", "--dev", "--port", str(port),
                   "--data", folder, "--rate", "100000000"]  # fmt: skip
        with process(command, f"http://127.0.0.1:{port}/readyz") as pid:
            bench_estimates(port, pid)
            bench_costs(port, pid)


if __name__ == "__main__":
    main()
