"""Worked cases of the reference suite: an architecture, its usage, and the lines expected of it.

A case file is JSON with ``providers``, ``default_region``, ``resources``, ``usage`` and
``expected`` (see the reference on IaC coverage, section 9). ``COSTMODEL_CASES`` names the folder.
"""

import json
import os
import re
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from costmodel.io.iac.references import with_prefixes
from costmodel.io.iac.usage_file import UsageFile, apply_usage, parse_usage
from costmodel.usage.spec import ArchitectureSpec, Resource

CASES = Path(
    os.environ.get("COSTMODEL_CASES", Path(__file__).parents[2] / "shared" / "cases" / "terraform")
)
_REFERENCE = re.compile(r"\$\{([a-z][\w]*\.[\w-]+(?:\[[^\]]*\])?)(?:\.[^}]*)?\}")


@dataclass(frozen=True)
class ExpectedLine:
    """One line of a case: what a component of a resource should cost in a month.

    ``kind`` is ``cost`` (quantity and cost given), ``rate`` (usage unknown: unit rate only) or
    ``not_found``. Lines with ``caveats`` differ from an AWS bill on purpose.
    """

    address: str
    path: tuple[str, ...]
    component: str
    monthly_quantity: Decimal | None
    unit: str
    monthly_cost: Decimal | None
    unit_rate: Decimal | None
    kind: str
    usage_based: bool
    needs: tuple[str, ...]
    caveats: tuple[str, ...]


@dataclass(frozen=True)
class Case:
    """A case: the architecture with its usage applied, and its expected lines."""

    name: str
    spec: ArchitectureSpec
    expected: tuple[ExpectedLine, ...]
    total: Decimal
    currency: str
    document: dict[str, Any]


def case_names() -> list[str]:
    """Return the names of the cases there are (none if the folder is absent)."""
    return sorted(path.stem for path in CASES.glob("*.json"))


def load_case(name: str) -> Case:
    """Load a case by its file's name without ending, or skip the test saying what is absent."""
    path = CASES / f"{name}.json"
    if not path.exists():
        pytest.skip(f"case {name} is absent: set COSTMODEL_CASES to the folder of cases")
    document = json.loads(path.read_text(encoding="utf-8"))
    return Case(
        name=name,
        spec=apply_usage(case_spec(document), case_usage(document)),
        expected=tuple(_expected(line) for line in document["expected"]),
        total=Decimal(document["expected_total"]),
        currency=document["currency"],
        document=document,
    )


def case_usage(document: dict[str, Any]) -> UsageFile:
    """Return the usage file of a case."""
    return parse_usage(document["usage"] or {}, "usage")


def case_spec(document: dict[str, Any]) -> ArchitectureSpec:
    """Return the architecture of a case, without its usage."""
    attributes = {item["address"]: item["attributes"] for item in document["resources"]}
    resources = [
        Resource(
            address=item["address"],
            type=item["type"],
            region=item["region"],
            inputs=_known(item["attributes"], attributes),
            references=with_prefixes(_references(item["attributes"], attributes, "")),
        )
        for item in document["resources"]
    ]
    return ArchitectureSpec(resources=resources, region=document["default_region"])


def plan_document(document: dict[str, Any]) -> dict[str, Any]:
    """Return the case as Terraform would print its plan in JSON."""
    providers = {
        key: {"name": "aws", "expressions": {"region": {"constant_value": region}}}
        for key, region in document["providers"].items()
    }
    attributes = {item["address"]: item["attributes"] for item in document["resources"]}
    planned = [_planned(item, attributes) for item in document["resources"]]
    configured: dict[str, Any] = {}
    for item in document["resources"]:
        base = item["address"].partition("[")[0]
        configured[base] = {
            "address": base,
            "mode": "managed",
            "type": item["type"],
            "name": item["name"],
            "provider_config_key": item["provider"] or "aws",
            "expressions": _expressions(item["attributes"]),
        }
    changes = [
        {
            **{
                key: item[key]
                for key in ("address", "mode", "type", "name", "index")
                if key in item
            },
            "change": {"actions": ["create"], "before": None, "after": item["values"]},
        }
        for item in planned
    ]
    return {
        "format_version": "1.2",
        "terraform_version": "1.9.0",
        "planned_values": {"root_module": {"resources": planned}},
        "resource_changes": changes,
        "configuration": {
            "provider_config": providers,
            "root_module": {"resources": list(configured.values())},
        },
    }


def _planned(item: dict[str, Any], attributes: dict[str, Any]) -> dict[str, Any]:
    planned = {
        "address": item["address"],
        "mode": "managed",
        "type": item["type"],
        "name": item["name"].partition("[")[0],
        "values": _known(item["attributes"], attributes),
    }
    if item["address"].endswith("]"):
        planned["index"] = json.loads(item["address"].partition("[")[2][:-1])
    return planned


def _known(value: Any, attributes: dict[str, Any]) -> Any:
    """Leave out what is known only after apply; fill in what another resource states."""
    if isinstance(value, dict):
        pairs = ((key, _known(item, attributes)) for key, item in value.items())
        return {key: item for key, item in pairs if item is not None}
    if isinstance(value, list):
        return [_known(item, attributes) for item in value]
    if not (isinstance(value, str) and "${" in value):
        return value
    whole = re.fullmatch(r"\$\{(.+)\.(\w+)\}", value)
    stated = attributes.get(whole[1], {}).get(whole[2]) if whole else None
    return None if isinstance(stated, str) and "${" in stated else stated


def _references(value: Any, addresses: Collection[str], path: str) -> list[tuple[str, str]]:
    if isinstance(value, dict):
        return [
            pair
            for key, item in value.items()
            for pair in _references(item, addresses, f"{path}.{key}" if path else key)
        ]
    if isinstance(value, list):
        return [pair for item in value for pair in _references(item, addresses, path)]
    if not isinstance(value, str):
        return []
    return [(path, found) for found in _REFERENCE.findall(value) if found in addresses]


def _expressions(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _expressions(item) for key, item in value.items()}
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        return [_expressions(item) for item in value]
    names = _REFERENCE.findall(json.dumps(value))
    if not names:
        return {"constant_value": value}
    return {"references": [text for name in names for text in (f"{name}.id", name)]}


def _expected(line: dict[str, Any]) -> ExpectedLine:
    def number(key: str) -> Decimal | None:
        return None if line[key] is None else Decimal(str(line[key]).replace(",", ""))

    return ExpectedLine(
        address=line["resource_address"],
        path=tuple(line["sub_resources"]),
        component=line["component"],
        monthly_quantity=number("monthly_qty"),
        unit=line["unit"],
        monthly_cost=number("monthly_cost"),
        unit_rate=number("unit_rate"),
        kind=line["kind"],
        usage_based=line["usage_based"],
        needs=tuple(line["needs"]),
        caveats=tuple(line["caveats"]),
    )


def terraform_source(document: dict[str, Any]) -> str:
    """Return the case as Terraform source, resources with an instance key left out."""
    providers = [
        f'provider "aws" {{\n  region = "{region}"\n{_alias(key)}}}\n'
        for key, region in document["providers"].items()
    ]
    resources = [
        f'resource "{item["type"]}" "{item["name"]}" {{\n{_provider(item)}'
        f"{_body(item['attributes'])}}}\n"
        for item in document["resources"]
        if not item["address"].endswith("]")
    ]
    return "\n".join([*providers, *resources])


def _alias(key: str) -> str:
    return f'  alias = "{key.partition(".")[2]}"\n' if "." in key else ""


def _provider(item: dict[str, Any]) -> str:
    return f"  provider = {item['provider']}\n" if item["provider"] else ""


def _body(attributes: dict[str, Any]) -> str:
    lines = []
    for key, value in attributes.items():
        if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
            lines += [f"{key} {{\n{_body(item)}}}\n" for item in value]
        else:
            # JSON is Terraform's own way to write values, maps included.
            lines.append(f"{key} = {json.dumps(value, ensure_ascii=False)}\n")
    return "".join(lines)
