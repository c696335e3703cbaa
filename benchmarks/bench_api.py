"""The REST API beside a bare FastAPI endpoint with a body of the same size; grouped costs.

Server and client share the machine. COSTMODEL_BENCH_ROWS sets the size of the bill,
COSTMODEL_BENCH_REQUESTS how many requests memory is watched over.
"""

import asyncio
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from benchmarks.estimate_requests import architecture, repeated_share
from benchmarks.timing import report_limit
from tests.services import free_port

ROOT = Path(__file__).parents[1]
SECONDS, CONNECTIONS, ROUNDS = 3.0, 8, 3
WARMING = 300  # requests before anything is measured
MOST_PER_SECOND = 2500  # requests made ready for each second of a turn
REQUESTS = int(os.environ.get("COSTMODEL_BENCH_REQUESTS", "50000"))
ROWS = int(os.environ.get("COSTMODEL_BENCH_ROWS", "2000000"))
# A bare endpoint as people write it: FastAPI turns the returned tree into JSON.
PLAIN = """
import sys
import orjson, uvicorn
from fastapi import FastAPI, Body
app = FastAPI()
body = orjson.loads(sys.stdin.buffer.read())
@app.post("/v1/estimates")
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
@app.post("/v1/estimates")
async def answer(request: Request):
    orjson.loads(await request.body())
    return Response(orjson.dumps(body), media_type="application/json")
uvicorn.run(app, port=int(sys.argv[1]), log_level="error")
"""


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
    port: int, texts: Iterable[bytes], rate: float | None = None, seconds: float = SECONDS
) -> tuple[float, list[float]]:
    """Return requests a second and all latencies [s]; at a fixed rate if one is given.

    Stops when the time is over or the texts are used up.
    """
    latencies: list[float] = []
    numbered = iter(enumerate(texts))
    start = time.perf_counter()

    async def worker() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for number, text in numbered:
            due = time.perf_counter() if rate is None else start + number / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            if time.perf_counter() - start > seconds:
                break
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


def cpu_seconds(pid: int) -> float:
    """Return the processor time of a server and its workers."""
    total = 0.0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # ended meanwhile
            continue
        if int(stat.parent.name) == pid or int(fields[1]) == pid:
            total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


class Requests:
    """Texts of requests; no two are equal unless they are meant to be."""

    def __init__(self, path: str, *, store: bool = True, novel: bool = False, equal: bool = False):
        self.path, self.store, self.novel, self.equal = path, store, novel, equal

    def texts(self, count: int) -> list[bytes]:
        numbers = [0] * count if self.equal else [next(_NUMBERS) for _ in range(count)]
        return [
            request_bytes(
                self.path, {"spec": architecture(n, novel=self.novel), "store": self.store}
            )
            for n in numbers
        ]


_NUMBERS = itertools.count(1)


def side_by_side(
    ours: tuple[int, int], peer: tuple[int, int], requests: Requests
) -> tuple[float, float]:
    """Print throughput and processor time beside a peer's, in turns; return ours and the ratio.

    Other work on the machine slows both sides of a turn: the ratio is the median of the turns'.
    """
    turns = []
    for _ in range(ROUNDS):
        found = []
        texts = requests.texts(round(MOST_PER_SECOND * SECONDS))
        # What the peer is sent does not matter to it: the same again once they are used up.
        for (port, pid), sent in ((peer, itertools.cycle(texts)), (ours, texts)):
            before = cpu_seconds(pid)
            rate, latencies = asyncio.run(load(port, sent))
            found += [rate, 1000 * (cpu_seconds(pid) - before) / len(latencies)]
        turns.append(found)
    theirs, their_cpu, rate, cpu = (
        statistics.median(column) for column in zip(*turns, strict=True)
    )
    ratio = statistics.median(turn[2] / turn[0] for turn in turns)
    print(
        f"  ours {rate:,.0f}/s, peer {theirs:,.0f}/s, ratio {ratio:.2f} (required ≥ 0.5); "
        f"processor ours {cpu:.2f} ms, peer {their_cpu:.2f} ms, ratio {their_cpu / cpu:.2f}"
    )
    return rate, ratio


def bench_estimates(port: int, pid: int) -> None:
    place = "/v1/estimates"
    one = {"spec": architecture(0)}
    answer = httpx.post(f"http://127.0.0.1:{port}{place}", json=one).content
    start = time.perf_counter()
    asyncio.run(load(port, Requests(place).texts(WARMING), seconds=600.0))
    print(f"first {WARMING} requests, prices of four regions read: "
          f"{time.perf_counter() - start:.1f} s")  # fmt: skip
    for peer, code in (("returned tree", PLAIN), ("orjson response", BARE)):
        bare_port = free_port()
        command = [sys.executable, "-c", code, str(bare_port)]
        with process(command, f"http://127.0.0.1:{bare_port}/", answer) as bare_pid:
            print(f"beside a bare endpoint ({peer}) with a body of {len(answer):,} bytes:")
            for name, requests in (
                ("each another, stored", Requests(place)),
                ("each another, not stored", Requests(place, store=False)),
                ("each of shapes never met, stored", Requests(place, novel=True)),
                ("equal, stored", Requests(place, equal=True)),
            ):
                print(f" POST {place} of 20 resources, {name}:")
                rate, _ = side_by_side((port, pid), (bare_port, bare_pid), requests)
                if peer == "returned tree":
                    bench_latency(port, requests, rate / 2)
    specs = [architecture(n) for n in range(1, 3001)]
    share, early = repeated_share(specs), repeated_share(specs[:300])
    print(f"shapes met before: {early:.0%} in 300 requests, {share:.0%} in 3,000")


def bench_latency(port: int, requests: Requests, rate: float) -> None:
    texts = requests.texts(round(rate * SECONDS) + 1)
    _, paced = asyncio.run(load(port, texts, rate=rate))
    report_limit(
        f"  at half of it ({rate:,.0f}/s) p50 {1000 * statistics.median(paced):.1f} ms, p99",
        1000 * percentile(paced, 0.99), 60, "ms",
    )  # fmt: skip


def bench_memory(port: int, pid: int) -> None:
    """Print resident memory while many requests pass, half of them of shapes never met."""
    sizes = []
    for part in range(10):
        requests = Requests("/v1/estimates", store=part % 5 == 0, novel=part % 2 == 1)
        texts = requests.texts(REQUESTS // 10)
        asyncio.run(load(port, texts, seconds=3600.0))
        sizes.append(resident_mb(pid))
    each = ", ".join(f"{size:.0f}" for size in sizes)
    print(f"memory every {REQUESTS // 10:,} of {REQUESTS:,} requests: {each} MB")


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
            bench_memory(port, pid)
            bench_costs(port, pid)


if __name__ == "__main__":
    main()
