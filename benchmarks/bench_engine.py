"""The tier kernel beside a copy and beside DuckDB's range join; cold starts; a large plan."""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import numpy as np

from benchmarks.timing import best_seconds, report, report_limit
from costmodel.engine.tiers import build_tier_table, graduated_cost

CHARGES, SKUS = 10_000_000, 50_000
ROOT = Path(__file__).parents[1]


def main() -> None:
    bench_tiers()
    bench_cold_starts()
    bench_plan()


def bench_tiers() -> None:
    random = np.random.default_rng(7)
    width = np.where(random.random(SKUS) < 0.1, random.integers(2, 7, SKUS), 1)
    first = np.append(0, np.cumsum(width))
    number = np.arange(first[-1]) - np.repeat(first[:-1], width)
    begin = number * 1000.0
    tiers = build_tier_table(first, begin, random.random(first[-1]))
    sku = random.integers(0, SKUS, CHARGES)
    quantity = random.random(CHARGES) * 8000

    ours = best_seconds(lambda: graduated_cost(tiers, sku, quantity))
    copy = best_seconds(lambda: (sku.copy(), quantity.copy()))
    report("10 M charges over 50,000 SKUs, tier kernel", ours, "copying the input", copy, "≤ 20")
    joined = _duckdb_seconds(tiers, first, width, sku, quantity)
    report("the same", ours, "DuckDB range join", joined, "≤ 0.33")


def _duckdb_seconds(tiers, first, width, sku, quantity) -> float:
    end = np.append(tiers.begin_range[1:], np.inf)
    end[first[1:] - 1] = np.inf
    tier_sku = np.repeat(np.arange(SKUS), width)
    import pyarrow as pa

    connection = duckdb.connect()
    connection.register(
        "tiers",
        pa.table(
            {
                "sku": tier_sku, "begin": tiers.begin_range, "stop": end,
                "price": tiers.unit_price, "base": tiers.base_cost,
            }
        ),
    )  # fmt: skip
    connection.register("charges", pa.table({"sku": sku, "quantity": quantity}))
    query = (
        "select base + (quantity - begin) * price as cost from charges join tiers "
        "on charges.sku = tiers.sku and quantity >= begin and quantity < stop"
    )
    return best_seconds(lambda: connection.execute(query).fetchnumpy()["cost"], repeats=2)


def bench_cold_starts() -> None:
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}

    def run(*args: str) -> None:
        subprocess.run([sys.executable, "-m", "costmodel", *args], cwd=ROOT, env=environment,
                       capture_output=True, check=True)  # fmt: skip

    run("--help")
    report_limit("costmodel --help", best_seconds(lambda: run("--help"), 5), 0.3)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "twenty.json"
        path.write_text(json.dumps(_twenty_resources()))
        estimate = best_seconds(lambda: run("estimate", str(path)), 5)
        megabytes = _peak_megabytes(path)
    report_limit("estimate of 20 resources, cold process", estimate, 0.8)
    report_limit("its memory", megabytes, 300, "MB")


def _peak_megabytes(path: Path) -> float:
    """Return the high-water mark of a fresh process; ru_maxrss would count the parent's too."""
    code = (
        "import re, sys; from typer.testing import CliRunner; from costmodel.cli.main import app\n"
        f"CliRunner().invoke(app, ['estimate', {str(path)!r}])\n"
        "print(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return int(done.stdout) / 1024


def _twenty_resources() -> dict:
    resources = {
        f"instance.web{i}": {
            "instance_type": "m5.large",
            "root_block_device": {"volume_type": "gp3", "volume_size": 20},
        }
        for i in range(8)
    }
    resources |= {f"ebs_volume.v{i}": {"type": "gp3", "size": 100} for i in range(6)}
    resources |= {f"sqs_queue.q{i}": {"monthly_requests": 5_000_000} for i in range(6)}
    return {"region": "us-east-1", "resources": resources}


def bench_plan() -> None:
    from costmodel.io.catalog_store import load_catalog
    from costmodel.verbs.architectures import estimate

    catalog = load_catalog()
    plan = {
        "format_version": "1.2",
        "configuration": {
            "provider_config": {
                "aws": {"name": "aws", "expressions": {"region": {"constant_value": "us-east-1"}}}
            }
        },
        "planned_values": {"root_module": {"resources": [_planned(i) for i in range(10_000)]}},
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plan.json"
        path.write_text(json.dumps(plan))
        start = time.perf_counter()
        result = estimate(path, catalog)
        seconds = time.perf_counter() - start
    assert result.coverage.priced == 10_000, result.issues[:3]
    report_limit("a plan JSON of 10,000 resources", seconds, 3.0)


def _planned(number: int) -> dict:
    kinds = (
        (
            "aws_instance",
            {"instance_type": "m5.large", "root_block_device": [{"volume_size": 20}]},
        ),
        ("aws_ebs_volume", {"type": "gp3", "size": 100}),
        ("aws_sqs_queue", {"fifo_queue": False}),
    )
    kind, values = kinds[number % len(kinds)]
    return {
        "address": f"{kind}.r{number}", "mode": "managed", "type": kind, "name": f"r{number}",
        "provider_name": "registry.terraform.io/hashicorp/aws", "values": values,
    }  # fmt: skip
