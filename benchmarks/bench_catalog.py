"""Look-ups of the price catalog: a cold start, and many keys at once beside a pandas merge."""

import subprocess
import sys
import time

import numpy as np

from costmodel import load_catalog

COLD = """
import time
start = time.perf_counter()
from costmodel import load_catalog
services = ["AmazonEC2", "AmazonRDS", "AmazonS3", "AWSLambda", "AmazonDynamoDB", "AWSELB",
            "AmazonCloudWatch", "AWSQueueService", "AmazonSNS", "awskms", "AmazonVPC", "AmazonEFS"]
usage = ["NatGateway-Hours", "RDS:GP2-Storage", "TimedStorage-ByteHrs", "Request",
         "WriteRequestUnits"]
keys = [(s, r, u, "") for s in services for u in usage for r in ("us-east-1", "eu-central-1")][:60]
load_catalog().match(*map(list, zip(*keys)))
print(time.perf_counter() - start)
"""
REPEATS = 5


def main() -> None:
    cold = min(cold_start() for _ in range(REPEATS))
    print(f"catalog cold, 60 keys, 12 services, 2 regions: ours {cold:.3f} s (required ≤ 0.25 s)")
    catalog = load_catalog()
    rows = catalog.rates("AmazonEC2").to_pandas()
    rows = rows[(rows["x_TermType"] == "OnDemand") & (rows["x_UsageType"] != "")]
    key = ["x_ServiceCode", "RegionId", "x_UsageType", "x_Operation"]
    keys = rows[key].drop_duplicates().sample(10_000, random_state=0)
    arrays = [keys[name].to_numpy(dtype=object) for name in key]
    catalog.match(*arrays)
    ours = min(timed(lambda: catalog.match(*arrays)) for _ in range(REPEATS))
    peer = min(timed(lambda: keys.merge(rows, on=key, how="left")) for _ in range(REPEATS))
    assert np.all(catalog.match(*arrays).sku >= 0)
    print(
        f"catalog match of 10,000 keys: ours {ours:.3f} s, pandas merge {peer:.3f} s, "
        f"ratio {peer / ours:.1f} (required: ours ≤ 0.3 s)"
    )


def cold_start() -> float:
    command = [sys.executable, "-c", COLD]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def timed(work) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
