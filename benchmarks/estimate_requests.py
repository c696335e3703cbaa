"""Requests for estimates as they come: every one another, made of what people really choose.

Names differ in every request, and so do types, sizes and amounts of use; each is drawn from the
set its kind of value comes from, so that resources of the same shape turn up again, as they do in
a company's specs. ``novel`` draws sizes and amounts that never turn up again.
"""

import json
import random
from collections.abc import Iterator
from typing import Any, Final

Body = dict[str, Any]

_INSTANCES: Final = tuple(
    f"{family}.{size}"
    for family in ("t3", "t4g", "m5", "m6i", "m7g", "c5", "c6i", "c7g", "r5", "r6i")
    for size in ("medium", "large", "xlarge", "2xlarge")
    if (family, size) not in (("m5", "medium"), ("m6i", "medium"), ("c5", "medium"),
                              ("c6i", "medium"), ("r5", "medium"), ("r6i", "medium"))
)  # fmt: skip
_DATABASES: Final = (
    "db.t3.medium",
    "db.t4g.large",
    "db.m5.large",
    "db.m6g.xlarge",
    "db.r6g.large",
)
_GIGABYTES: Final = (8, 10, 16, 20, 30, 32, 40, 50, 64, 80, 100, 120, 150, 200, 250, 300, 400, 500)
_REGIONS: Final = ("us-east-1", "eu-central-1", "eu-west-1", "ap-southeast-1")
_ROUND: Final = tuple(digit * 10**power for power in range(4, 10) for digit in (1, 1.5, 2, 3, 5))
_TEAMS: Final = ("shop", "search", "billing", "data", "edge", "mobile", "ops", "ml")


def architecture(number: int, *, novel: bool = False) -> Body:
    """Return the spec of one request: 20 resources of ten kinds.

    Args:
        number: number of the request; equal numbers give equal specs.
        novel: sizes and amounts of use that no other request has.
    """
    draw = random.Random(number)
    fresh = iter(range(20 * number + 1, 20 * number + 21))

    def gigabytes() -> float:
        return draw.choice(_GIGABYTES) + (next(fresh) / 1e6 if novel else 0)

    def amount() -> float:
        return int(draw.choice(_ROUND)) + (next(fresh) if novel else 0)

    def name() -> str:
        return f"{draw.choice(_TEAMS)}-{number}-{draw.randrange(16**6):06x}"

    resources = dict(_resources(draw, gigabytes, amount, name))
    return {"region": draw.choice(_REGIONS), "resources": resources}


def _resources(draw: random.Random, gigabytes: Any, amount: Any, name: Any) -> Iterator[Any]:
    for _ in range(6):
        device = {"volume_size": gigabytes(), "volume_type": draw.choice(("gp2", "gp3"))}
        tags = {"Name": name(), "team": draw.choice(_TEAMS)}
        yield f"instance.{name()}", {
            "instance_type": draw.choice(_INSTANCES), "root_block_device": device, "tags": tags,
        }  # fmt: skip
    for _ in range(3):
        kind = draw.choice(("gp2", "gp3", "st1"))
        size = gigabytes() + (125 if kind == "st1" else 0)
        yield f"ebs_volume.{name()}", {"size": size, "type": kind, "tags": {"Name": name()}}
    for _ in range(2):
        yield f"db_instance.{name()}", {
            "identifier": name(), "engine": draw.choice(("postgres", "mysql")),
            "instance_class": draw.choice(_DATABASES), "allocated_storage": 20 + gigabytes(),
            "multi_az": draw.choice((True, False)),
        }  # fmt: skip
    for _ in range(2):
        yield f"lambda_function.{name()}", {
            "function_name": name(), "memory_size": draw.choice((128, 256, 512, 1024, 2048)),
            "usage": {"monthly_requests": amount(),
                      "request_duration_ms": draw.choice((50, 100, 250, 500))},
        }  # fmt: skip
    for _ in range(2):
        yield f"sqs_queue.{name()}", {"name": name(), "usage": {"monthly_requests": amount()}}
    yield f"s3_bucket.{name()}", {
        "bucket": name(), "usage": {"standard": {"storage_gb": gigabytes()}},
    }  # fmt: skip
    yield f"dynamodb_table.{name()}", {
        "name": name(), "billing_mode": "PAY_PER_REQUEST",
        "usage": {"monthly_write_request_units": amount(), "storage_gb": gigabytes()},
    }  # fmt: skip
    yield f"nat_gateway.{name()}", {"usage": {"monthly_data_processed_gb": gigabytes()}}
    yield f"lb.{name()}", {"name": name(), "load_balancer_type": "application"}
    yield f"cloudwatch_log_group.{name()}", {
        "name": name(), "usage": {"monthly_data_ingested_gb": gigabytes()},
    }  # fmt: skip


# Attributes that only name a resource.
_NAMES: Final = ("name", "tags", "identifier", "function_name", "bucket")


def repeated_share(specs: list[Body]) -> float:
    """Return which share of the resources has the shape of one that came before, in [0, 1]."""
    seen: set[str] = set()
    repeated = total = 0
    for spec in specs:
        for address, values in spec["resources"].items():
            kept = {key: value for key, value in values.items() if key not in _NAMES}
            shape = json.dumps([spec["region"], address.partition(".")[0], kept], sort_keys=True)
            repeated += shape in seen
            total += 1
            seen.add(shape)
    return repeated / total
