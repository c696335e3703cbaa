"""What network tables say about each other: doubled, attached, in whose place."""

from datetime import UTC, datetime

import numpy as np

from costmodel.optimize.inventory import Inventory, build_table
from costmodel.optimize.related_columns import related_columns

NOW = datetime(2026, 9, 1, tzinfo=UTC)
HERE = {"region_id": "us-east-1", "account_id": "1", "vpc_id": "vpc-1"}


def related(**tables):
    made = {kind: build_table(kind, rows) for kind, rows in tables.items()}
    return related_columns(Inventory(made, NOW))


def nat(name: str, zone: str, **columns):
    about = {"resource_id": name, "availability_zone": zone, "state": "available"}
    return {**HERE, **about, "connectivity": "public", **columns}


def endpoint(name: str, kind: str, service: str, **columns):
    about = {"resource_id": name, "endpoint_type": kind}
    return {**HERE, **about, "service_name": f"com.amazonaws.us-east-1.{service}", **columns}


def test_nat_gateways_are_numbered_in_their_vpc_and_zone() -> None:
    rows = [nat("a", "1a"), nat("b", "1a"), nat("c", "1b"), nat("d", "1a", state="deleted")]

    found = related(nat_gateways=rows)["nat_gateways"]

    np.testing.assert_array_equal(found["place_in_vpc"], [1, 2, 3, np.nan])
    np.testing.assert_array_equal(found["place_in_zone"], [1, 2, 1, np.nan])
    np.testing.assert_array_equal(found["gateways_in_vpc"], [3, 3, 3, np.nan])


def test_a_vpc_needs_both_gateway_endpoints_to_have_them() -> None:
    one = [endpoint("e1", "Gateway", "s3")]
    both = [*one, endpoint("e2", "Gateway", "dynamodb")]

    found = [
        related(nat_gateways=[nat("a", "1a")], **more)["nat_gateways"]["has_gateway_endpoints"][0]
        for more in ({}, {"vpc_endpoints": one}, {"vpc_endpoints": both})
    ]

    assert found == [None, False, True]


def test_endpoints_of_one_service_are_counted_and_those_of_a_firewall_known() -> None:
    rows = [
        endpoint("e1", "Interface", "ecr.api"),
        endpoint("e2", "Interface", "ecr.api"),
        endpoint("e3", "GatewayLoadBalancer", "x", tags={"AWSNetworkFirewallManaged": "true"}),
    ]

    found = related(vpc_endpoints=rows)["vpc_endpoints"]

    np.testing.assert_array_equal(found["same_service"], [2, 2, np.nan])
    assert found["service"].tolist() == ["ecr.api", "ecr.api", "x"]
    assert found["is_firewall"].tolist() == [False, False, True]


def test_targets_of_a_load_balancer_are_those_of_its_groups() -> None:
    balancers = [
        {**HERE, "arn": name, "load_balancer_type": "application", "scheme": "internal"}
        for name in ("lb1", "lb2", "lb3")
    ] + [{**HERE, "arn": "c", "load_balancer_type": "classic", "instances": 4.0}]
    groups = [
        {"load_balancer_arns": ["lb1"], "targets": 2.0},
        {"load_balancer_arns": ["lb1"], "targets": 1.0},
        {"load_balancer_arns": ["lb3"], "targets": None},
    ]

    known = related(load_balancers=balancers, target_groups=groups)["load_balancers"]
    unknown = related(load_balancers=balancers)["load_balancers"]

    np.testing.assert_array_equal(known["registered"], [3, 0, np.nan, 4])
    np.testing.assert_array_equal(unknown["registered"], [np.nan, np.nan, np.nan, 4])
    np.testing.assert_array_equal(known["place"], [1, 2, 3, np.nan])


def test_addresses_know_the_state_of_their_instance() -> None:
    found = related(
        addresses=[{"resource_id": "a", "instance_id": "i-1"}, {"resource_id": "b"}],
        ec2_instances=[{"resource_id": "i-1", "state": "stopped"}],
    )["addresses"]

    assert found["instance_state"].tolist() == ["stopped", None]


def test_health_checks_are_used_where_a_record_names_them() -> None:
    checks = [{"resource_id": "h1"}, {"resource_id": "h2", "ip_address": "198.51.100.1"}]
    records = [
        {"zone_id": "z", "name": "n", "type": "A", "health_check_id": "h1"},
        {"zone_id": "z", "name": "n", "type": "A"},
        {"zone_id": "z", "name": "m", "type": "A"},
    ]
    addresses = [{"resource_id": "e", "public_ip": "198.51.100.1"}]

    found = related(route53_health_checks=checks, route53_records=records, addresses=addresses)
    alone = related(route53_health_checks=checks)["route53_health_checks"]

    assert found["route53_health_checks"]["is_used"].tolist() == [True, False]
    assert found["route53_health_checks"]["is_own_address"].tolist() == [False, True]
    np.testing.assert_array_equal(found["route53_records"]["set_size"], [2, 2, 1])
    assert alone["is_used"].tolist() == [None, None]
