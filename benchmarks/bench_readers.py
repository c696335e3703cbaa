"""The architecture readers: a plan of 10,000 resources, a spec, a Terraform directory."""

import json
import tempfile
from pathlib import Path
from typing import Any

import yaml

from benchmarks.timing import best_seconds, report
from costmodel import read_spec

RESOURCES = 10_000
BLOCKS = 500


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        bench_plan(Path(folder))
        bench_spec(Path(folder))
        bench_directory(Path(folder))


def bench_plan(folder: Path) -> None:
    path = folder / "plan.json"
    path.write_text(json.dumps(_plan()), encoding="utf-8")
    ours = best_seconds(lambda: read_spec(path))
    peer = best_seconds(lambda: json.loads(path.read_text(encoding="utf-8")))
    report(f"plan JSON of {RESOURCES:,} resources", ours, "json.loads alone", peer, "≤ 5")


def bench_spec(folder: Path) -> None:
    path = folder / "spec.yaml"
    lines = [f"  instance.i{i}: {{instance_type: m5.large, count: 2}}\n" for i in range(BLOCKS)]
    path.write_text("resources:\n" + "".join(lines), encoding="utf-8")
    ours = best_seconds(lambda: read_spec(path))
    peer = best_seconds(lambda: yaml.safe_load(path.read_text(encoding="utf-8")))
    report(f"YAML spec of {BLOCKS} resources", ours, "yaml.safe_load", peer, "≤ 1")


def bench_directory(folder: Path) -> None:
    import tfparse

    directory = folder / "terraform"
    directory.mkdir()
    blocks = [
        f'resource "aws_instance" "i{i}" {{\n  instance_type = "m5.large"\n'
        f"  subnet_id = aws_subnet.s.id\n  root_block_device {{\n    volume_size = {i}\n  }}\n}}\n"
        for i in range(BLOCKS)
    ]
    source = 'provider "aws" { region = "us-east-1" }\nresource "aws_subnet" "s" {}\n'
    (directory / "main.tf").write_text(source + "".join(blocks), encoding="utf-8")
    ours = best_seconds(lambda: read_spec(directory))
    peer = best_seconds(lambda: tfparse.load_from_path(str(directory)))
    report(f"Terraform directory of {BLOCKS} resources", ours, "tfparse alone", peer, "≤ 2.5")


def _plan() -> dict[str, Any]:
    values = {
        "instance_type": "m5.large",
        "root_block_device": [{"volume_size": 50, "volume_type": "gp3"}],
        "tags": {"team": "a"},
    }
    names = [f"i{i}" for i in range(RESOURCES)]
    base = [{"mode": "managed", "type": "aws_instance", "name": n} for n in names]
    addresses = [f"aws_instance.{n}" for n in names]
    pairs = list(zip(base, addresses, strict=True))
    return {
        "planned_values": {
            "root_module": {"resources": [{**b, "address": a, "values": values} for b, a in pairs]}
        },
        "resource_changes": [
            {**b, "address": a, "change": {"after": values, "after_unknown": {"id": True}}}
            for b, a in pairs
        ],
        "configuration": {
            "provider_config": {
                "aws": {"expressions": {"region": {"constant_value": "us-east-1"}}}
            },
            "root_module": {
                "resources": [
                    {
                        "address": a,
                        "provider_config_key": "aws",
                        "expressions": {"instance_type": {"constant_value": "m5.large"}},
                    }
                    for a in addresses
                ]
            },
        },
    }


if __name__ == "__main__":
    main()
