"""Columns of network tables that follow from other tables: attached, doubled, in whose place."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from costmodel.optimize.inventory import Inventory
from costmodel.optimize.related_cells import Columns, column, objects, positions

# Tag Network Firewall puts on the endpoints it makes; their hours are the firewall's.
_FIREWALL_TAG: Final = "awsnetworkfirewallmanaged"
_GATEWAY_SERVICES: Final = ("s3", "dynamodb")


def _keys(inventory: Inventory, kind: str, *names: str) -> list[Any]:
    """Return tuples of columns, None where one of them is unknown."""
    rows = zip(*(column(inventory, kind, name) for name in names), strict=True)
    return [None if None in row else row for row in rows]


def _nat_gateways(inventory: Inventory) -> Columns:
    kind = "nat_gateways"
    here = [
        state == "available" and connectivity == "public"
        for state, connectivity in zip(
            column(inventory, kind, "state"),
            column(inventory, kind, "connectivity"),
            strict=True,
        )
    ]
    vpcs = _of_rows(_keys(inventory, kind, "account_id", "region_id", "vpc_id"), here)
    zones = _of_rows(_keys(inventory, kind, "region_id", "vpc_id", "availability_zone"), here)
    in_vpc, place_in_vpc = positions(vpcs)
    in_zone, place_in_zone = positions(zones)
    routed = _gateway_services(inventory)
    names = column(inventory, kind, "vpc_id")
    return {
        "gateways_in_vpc": in_vpc,
        "place_in_vpc": place_in_vpc,
        "gateways_in_zone": in_zone,
        "place_in_zone": place_in_zone,
        "has_gateway_endpoints": objects(
            [None if routed is None or name is None else len(routed[name]) == 2 for name in names]
        ),
    }


def _of_rows(keys: list[Any], wanted: list[bool]) -> list[Any]:
    return [key if take else None for key, take in zip(keys, wanted, strict=True)]


def _gateway_services(inventory: Inventory) -> defaultdict[Any, set[str]] | None:
    """Return VPC → services with a gateway endpoint; None where endpoints were not collected."""
    if not inventory.has("vpc_endpoints"):
        return None
    found: defaultdict[Any, set[str]] = defaultdict(set)
    rows = inventory.table("vpc_endpoints").select(("vpc_id", "endpoint_type", "service_name"))
    for row in rows.to_pylist():
        service = _service(row["service_name"])
        if row["endpoint_type"] == "Gateway" and service in _GATEWAY_SERVICES:
            found[row["vpc_id"]].add(service)
    return found


def _service(name: Any) -> str:
    """Return SERVICE of com.amazonaws.REGION.SERVICE."""
    return str(name or "").split(".", 3)[-1]


def _endpoints(inventory: Inventory) -> Columns:
    kind = "vpc_endpoints"
    types = column(inventory, kind, "endpoint_type")
    keys = _keys(inventory, kind, "account_id", "region_id", "service_name")
    interfaces = _of_rows(keys, [name == "Interface" for name in types])
    tags = column(inventory, kind, "tags")
    return {
        "same_service": positions(interfaces)[0],
        "service": objects(map(_service, column(inventory, kind, "service_name"))),
        "is_firewall": objects(
            [any(str(k).lower() == _FIREWALL_TAG for k, _ in pairs or ()) for pairs in tags]
        ),
    }


def _addresses(inventory: Inventory) -> Columns:
    instances = inventory.table("ec2_instances")
    names, states = (instances[name].to_pylist() for name in ("resource_id", "state"))
    state = dict(zip(names, states, strict=True))
    used = column(inventory, "addresses", "instance_id")
    return {"instance_state": objects([state.get(name) for name in used])}


def _load_balancers(inventory: Inventory) -> Columns:
    kind = "load_balancers"
    targets = _targets(inventory)
    arns = column(inventory, kind, "arn")
    types = column(inventory, kind, "load_balancer_type")
    own = inventory.numbers(kind, "instances").tolist()
    registered = [
        instances if sort == "classic" else (np.nan if targets is None else targets[arn])
        for arn, sort, instances in zip(arns, types, own, strict=True)
    ]
    keys = _keys(inventory, kind, "account_id", "region_id", "vpc_id", "scheme")
    alike, place = positions(_of_rows(keys, [sort == "application" for sort in types]))
    return {"registered": np.array(registered), "alike": alike, "place": place}


def _targets(inventory: Inventory) -> defaultdict[Any, float] | None:
    """Return load balancer → registered targets, NaN where a group's are unknown."""
    if not inventory.has("target_groups"):
        return None
    found: defaultdict[Any, float] = defaultdict(float)
    arns = column(inventory, "target_groups", "load_balancer_arns")
    counts = inventory.numbers("target_groups", "targets").tolist()
    for users, count in zip(arns, counts, strict=True):
        for user in users or ():
            found[user] += count
    return found


def _health_checks(inventory: Inventory) -> Columns:
    kind = "route53_health_checks"
    used = set(column(inventory, "route53_records", "health_check_id"))
    own = set(column(inventory, "addresses", "public_ip"))
    names = column(inventory, kind, "resource_id")
    has_records = inventory.has("route53_records")
    return {
        "is_used": objects([name in used if has_records else None for name in names]),
        "is_own_address": objects(
            [address in own for address in column(inventory, kind, "ip_address")]
        ),
    }


def _records(inventory: Inventory) -> Columns:
    kind = "route53_records"
    sets = Counter(_keys(inventory, kind, "zone_id", "name", "type"))
    keys = _keys(inventory, kind, "zone_id", "name", "type")
    return {"set_size": np.array([np.nan if k is None else float(sets[k]) for k in keys])}


NETWORK: Final[Mapping[str, Callable[[Inventory], Columns]]] = {
    "nat_gateways": _nat_gateways,
    "vpc_endpoints": _endpoints,
    "addresses": _addresses,
    "load_balancers": _load_balancers,
    "route53_health_checks": _health_checks,
    "route53_records": _records,
}
