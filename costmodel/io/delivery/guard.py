"""The guard against forged targets (SSRF): which URLs and addresses a delivery may reach.

A receiver's name is resolved once and every address it has must be public; the connection then
goes to a checked address, so that a second answer of the name server changes nothing. Receivers
inside the own network need an entry in ``internal_receivers``.
"""

import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

from costmodel.errors import BadInputError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolver = Callable[[str, int], Sequence[str]]

# RFC 6052: a gateway turns these into the IPv4 address in their last 32 bits.
_NAT64: Final = ip_network("64:ff9b::/96")


class GuardError(BadInputError):
    """A target the guard does not allow."""


@dataclass(frozen=True, slots=True)
class GuardPolicy:
    """What the operator allows.

    Attributes:
        ports: TCP ports deliveries may use.
        internal_hosts: names that may resolve to private addresses, and may use plain http.
        internal_networks: private networks that receivers may live in.
    """

    ports: frozenset[int] = frozenset({443})
    internal_hosts: frozenset[str] = frozenset()
    internal_networks: tuple[Network, ...] = ()

    def is_internal(self, host: str) -> bool:
        """Say whether the operator named this host, or the network of this literal address."""
        return host in self.internal_hosts or any(
            _is_inside(host, network) for network in self.internal_networks
        )


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A target that passed the checks a URL alone allows."""

    scheme: str
    host: str
    port: int
    path: str


def parse_internal_receivers(entries: Sequence[str]) -> tuple[frozenset[str], tuple[Network, ...]]:
    """Split an allow-list into host names and networks."""
    networks, hosts = [], set()
    for entry in entries:
        try:
            networks.append(ip_network(entry, strict=False))
        except ValueError:
            hosts.add(entry.lower().rstrip("."))
    return frozenset(hosts), tuple(networks)


def check_url(url: str, policy: GuardPolicy) -> Endpoint:
    """Return the endpoint of a URL, or say why it is not allowed; the URL is never repeated.

    Webhook URLs often are secrets themselves, so messages name the host only.

    Raises:
        GuardError: wrong scheme, port, literal private address, or credentials inside the URL.
    """
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").lower().rstrip(".")
        port = parts.port or (80 if parts.scheme == "http" else 443)
    except ValueError:
        raise GuardError("the URL of a receiver is malformed") from None
    if not host or not url.isascii() or not url.isprintable() or " " in url:
        raise GuardError("the URL of a receiver is malformed: write https://host/path")
    if parts.scheme != "https" and not (parts.scheme == "http" and policy.is_internal(host)):
        raise GuardError(f"receiver {host}: only https is allowed; http needs internal_receivers")
    if parts.username is not None or parts.password is not None:
        raise GuardError(f"receiver {host}: user and password do not belong into a URL")
    check_port(host, port, policy)
    if _is_address(host) and not _is_allowed(host, host, policy):
        raise GuardError(
            f"receiver {host}: not a public address; "
            "list it under internal_receivers if it is yours"
        )
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Endpoint(parts.scheme, host, port, path)


def check_port(host: str, port: int, policy: GuardPolicy) -> None:
    """Refuse a port that is not on the list."""
    if port not in policy.ports:
        raise GuardError(f"receiver {host}: port {port} is not in ports; add it there")


def checked_addresses(host: str, port: int, policy: GuardPolicy, resolve: Resolver) -> list[str]:
    """Resolve a name once and return its addresses, all of them allowed.

    Raises:
        GuardError: one of the addresses is not public and not allow-listed.
        OSError: the name cannot be resolved.
    """
    addresses = list(dict.fromkeys(resolve(host, port)))
    for text in addresses:
        if not _is_allowed(host, text, policy):
            raise GuardError(
                f"receiver {host}: resolves to {text}, not a public address; "
                "list it under internal_receivers if it is yours"
            )
    if not addresses:
        raise OSError(f"receiver {host}: has no address")
    return addresses


def system_resolver(host: str, port: int) -> Sequence[str]:
    """Ask the system's resolver."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:  # a label of more than 63 characters
        raise OSError(f"receiver {host}: not a host name") from error
    return [str(address[0]) for *_, address in found]


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _is_allowed(host: str, text: str, policy: GuardPolicy) -> bool:
    if host in policy.internal_hosts:
        return True
    try:
        address = _reached(ip_address(text))
    except ValueError:  # a scoped address such as fe80::1%eth0
        return False
    if any(address in network for network in policy.internal_networks):
        return True
    return address.is_global and not address.is_multicast


def _reached(address: Address) -> Address:
    """Return the IPv4 address an IPv6 form of it leads to."""
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


def _is_inside(host: str, network: Network) -> bool:
    try:
        return ip_address(host) in network
    except ValueError:
        return False
