"""Which targets the guard lets through."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costmodel.io.delivery.guard import (
    GuardError,
    GuardPolicy,
    check_url,
    checked_addresses,
    parse_internal_receivers,
    system_resolver,
)

OPEN = GuardPolicy()


def addresses_of(*found: str, host: str = "hooks.example.com", policy: GuardPolicy = OPEN):
    return checked_addresses(host, 443, policy, lambda host, port: list(found))


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.8",
        "172.16.3.4",
        "192.168.1.1",
        "169.254.169.254",  # instance metadata
        "fd00:ec2::254",  # instance metadata over IPv6
        "100.64.0.1",  # shared address space, RFC 6598
        "0.0.0.0",
        "224.0.0.1",
        "::1",
        "::ffff:10.0.0.1",  # IPv4-mapped
        "::ffff:169.254.169.254",
        "2002:7f00:1::",  # 6to4 of 127.0.0.1
        "64:ff9b::a9fe:a9fe",  # NAT64 of 169.254.169.254
        "fe80::1%eth0",
        "ff02::1",
        "not an address",
    ],
)
def test_an_address_that_is_not_public_is_refused(address):
    with pytest.raises(GuardError, match="not a public address"):
        addresses_of(address)


def test_one_private_address_among_public_ones_refuses_the_name():
    with pytest.raises(GuardError, match=r"resolves to 10\.0\.0\.1"):
        addresses_of("93.184.216.34", "10.0.0.1")


def test_public_addresses_are_returned_in_order_and_once():
    found = addresses_of("93.184.216.34", "2606:2800:220:1::1", "93.184.216.34")

    assert found == ["93.184.216.34", "2606:2800:220:1::1"]


def test_a_name_without_address_is_no_yes():
    with pytest.raises(OSError, match="has no address"):
        addresses_of()


def test_an_allowed_network_and_an_allowed_name_open_the_inside():
    hosts, networks = parse_internal_receivers(["10.1.0.0/16", "Hooks.Corp."])
    policy = GuardPolicy(internal_hosts=hosts, internal_networks=networks)

    assert addresses_of("10.1.2.3", policy=policy) == ["10.1.2.3"]
    assert addresses_of("10.9.9.9", host="hooks.corp", policy=policy) == ["10.9.9.9"]
    with pytest.raises(GuardError):
        addresses_of("10.2.0.1", policy=policy)


@given(st.ip_addresses())
def test_what_passes_is_public(address):
    try:
        addresses_of(str(address))
    except GuardError:
        return
    passed = ip_address(str(address))
    assert passed.is_global
    assert not passed.is_multicast


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://hooks.example.com/x", "only https"),
        ("ftp://hooks.example.com/x", "only https"),
        ("file:///etc/passwd", "malformed"),
        ("https://user:pass@hooks.example.com/", "user and password"),
        ("https://hooks.example.com:8443/", "port 8443 is not in ports"),
        ("https://hooks.example.com:99999/", "malformed"),
        ("https://[::1/", "malformed"),
        ("https://exa mple.com/", "malformed"),
        ("https://h/\r\nx: y", "malformed"),
        ("https://bücher.example/", "malformed"),
        ("", "malformed"),
    ],
)
def test_a_url_is_refused_without_being_repeated(url, words):
    with pytest.raises(GuardError, match=words) as caught:
        check_url(url, OPEN)

    assert "/x" not in str(caught.value)
    assert "pass@" not in str(caught.value)


def test_plain_http_needs_the_host_on_the_list_of_internal_receivers():
    hosts, networks = parse_internal_receivers(["hooks.corp", "10.0.0.0/8"])
    policy = GuardPolicy(frozenset({80, 443}), hosts, networks)

    assert check_url("http://hooks.corp/a?b=c", policy).path == "/a?b=c"
    assert check_url("http://10.2.3.4/", policy).port == 80
    with pytest.raises(GuardError):
        check_url("http://hooks.example.com/", policy)


def test_a_literal_internal_address_is_checked_like_a_resolved_one():
    for host in ("169.254.169.254", "127.0.0.1", "[::1]", "[::ffff:10.0.0.1]"):
        with pytest.raises(GuardError, match="not a public address"):
            check_url(f"https://{host}/latest/meta-data", OPEN)
    assert check_url("https://1.1.1.1/hook", OPEN).host == "1.1.1.1"

    with pytest.raises(GuardError):
        checked_addresses("169.254.169.254", 443, OPEN, system_resolver)


def test_a_host_name_that_cannot_be_one_is_an_unreachable_host():
    with pytest.raises(OSError, match="not a host name"):
        system_resolver("a" * 70 + ".example", 443)
