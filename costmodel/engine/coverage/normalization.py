"""Normalisation factors and which reservations are size-flexible.

Sources: AWS, EC2 user guide, "How Reserved Instances are applied" (instance size flexibility);
RDS user guide, "Size-flexible reserved DB instances"; ElastiCache user guide, "Reserved nodes".
"""

from enum import StrEnum
from typing import Final

from costmodel.errors import CommitmentError

_SMALL_SIZES: Final = {
    "nano": 0.25, "micro": 0.5, "small": 1.0, "medium": 2.0, "large": 4.0, "xlarge": 8.0,
}  # fmt: skip
_NU_PER_XLARGE: Final = 8.0

# Metal counts as the virtual size of equal hardware.
_METAL: Final[dict[str, float]] = {
    family: factor
    for factor, families in (
        (32.0, "a1"),
        (96.0, "m5zn x2iezn z1d"),
        (128.0, "c6g c6gd i3 m6g m6gd r6g r6gd x2gd"),
        (144.0, "c5n"),
        (192.0, "c5 c5d i3en m5 m5d m5dn m5n r5 r5b r5d r5dn r5n"),
        (256.0, "c6i c6id m6i m6id r6d r6id"),
        (448.0, "u-18tb1 u-24tb1"),
        (896.0, "u-6tb1 u-9tb1 u-12tb1"),
    )
    for family in families.split()
}
# EC2 families whose regional reservations need the exact size.
_EXACT_FAMILIES: Final = frozenset({
    "g4ad", "g4dn", "g5", "g5g", "g6", "g6e", "g6f", "gr6", "gr6f", "hpc7a", "p5", "inf1", "inf2",
    "u7i-6tb", "u7i-8tb",
})  # fmt: skip
# RDS engines without size flexibility: SQL Server, and Oracle with the licence included.
_FLEXIBLE_RDS: Final = ("db2", "mariadb", "mysql", "postgres", "aurora")


class Deployment(StrEnum):
    """How many instances an RDS deployment runs."""

    SINGLE_AZ = "Single-AZ"
    MULTI_AZ = "Multi-AZ"
    MULTI_AZ_CLUSTER = "Multi-AZ cluster"


_DEPLOYMENT_FACTOR: Final = {
    Deployment.SINGLE_AZ: 1.0, Deployment.MULTI_AZ: 2.0, Deployment.MULTI_AZ_CLUSTER: 3.0,
}  # fmt: skip
# Aurora I/O-Optimized consumes 1.3 units per unit of size.
_IO_OPTIMIZED: Final = 1.3
# Valkey nodes cost 20 % (ElastiCache) and 30 % (MemoryDB) less than Redis OSS; ElastiCache's
# factor is not published as such, MemoryDB's is.
_VALKEY: Final = {"AmazonElastiCache": 0.8, "AmazonMemoryDB": 0.7}
VALKEY_SERVICES: Final = frozenset(_VALKEY)


def normalization_factor(instance_type: str) -> float:
    """Return the normalised units of one instance of a type such as ``m5.2xlarge``.

    Prefixes (``db.``, ``cache.``) and RDS's short ``2xl`` are understood.

    Raises:
        CommitmentError: the size has no published factor.
    """
    family, size = family_and_size(instance_type)
    if size in _SMALL_SIZES:
        return _SMALL_SIZES[size]
    if size == "metal" and family in _METAL:
        return _METAL[family]
    # metal-24xl and 24xlarge are the same hardware; RDS abbreviates xlarge to xl.
    number = size.removeprefix("metal-").removesuffix("arge").removesuffix("xl")
    if size.removesuffix("arge").endswith("xl") and (number == "" or number.isdecimal()):
        return _NU_PER_XLARGE * (int(number) if number else 1)
    raise CommitmentError(
        f"instance type {instance_type!r}: no normalisation factor is published for this size; "
        "treat its reservations as exact matches"
    )


def family_and_size(instance_type: str) -> tuple[str, str]:
    """Return the family and the size of an instance type, without a service prefix."""
    parts = instance_type.strip().lower().split(".")
    if parts[0] in ("db", "cache", "ml") and len(parts) > 2:
        parts = parts[1:]
    if len(parts) < 2 or not parts[0] or not parts[1]:
        raise CommitmentError(
            f"instance type {instance_type!r}: write family.size, for example m5.large"
        )
    return parts[0], parts[1]


def is_size_flexible(
    service_code: str,
    instance_type: str,
    *,
    platform: str = "Linux/UNIX",
    tenancy: str = "default",
) -> bool:
    """Say whether a regional reservation covers other sizes of its family.

    Args:
        service_code: price-list service code.
        instance_type: type the reservation was bought for.
        platform: operating system for EC2; engine (with edition and licence) for RDS.
        tenancy: default, dedicated or host; EC2 only.
    """
    words = platform.strip().lower()
    match service_code:
        case "AmazonEC2":
            family = family_and_size(instance_type)[0]
            is_linux = canonical_platform(service_code, platform) == "linux"
            is_shared = canonical_tenancy(tenancy) == "default"
            return is_linux and is_shared and family not in _EXACT_FAMILIES
        case "AmazonRDS":
            is_oracle_byol = words.startswith("oracle") and (
                "byol" in words or "bring your own" in words
            )
            return is_oracle_byol or words.startswith(_FLEXIBLE_RDS)
        case "AmazonElastiCache" | "AmazonMemoryDB":
            return True
    # OpenSearch and Redshift reserve exact node types, DynamoDB capacity units.
    return False


def canonical_platform(service_code: str, platform: str) -> str:
    """Return one spelling of an operating system or engine."""
    words = platform.strip().lower()
    if service_code == "AmazonEC2":
        # Reservations say Linux/UNIX, with (Amazon VPC) in old accounts; price lists say Linux.
        name = words.removesuffix("(amazon vpc)").strip()
        return "linux" if name in ("linux/unix", "linux", "") else name
    return "redis" if words == "redis oss" else words


def canonical_tenancy(tenancy: str) -> str:
    """Return default, dedicated or host for the words of bills and price lists."""
    words = tenancy.strip().lower()
    return "default" if words in ("shared", "", "na") else words


def reserved_units(
    service_code: str,
    instance_type: str,
    *,
    deployment: Deployment = Deployment.SINGLE_AZ,
    engine: str = "",
    is_io_optimized: bool = False,
) -> float:
    """Return the normalised units that one hour of a resource takes from a reservation.

    Args:
        service_code: price-list service code.
        instance_type: type of the running resource.
        deployment: RDS deployment; two or three instances run behind one endpoint.
        engine: cache engine; Valkey nodes count less than Redis OSS.
        is_io_optimized: Aurora I/O-Optimized storage.
    """
    units = normalization_factor(instance_type)
    if service_code == "AmazonRDS":
        io_factor = _IO_OPTIMIZED if is_io_optimized else 1.0
        return units * _DEPLOYMENT_FACTOR[Deployment(deployment)] * io_factor
    if engine.strip().lower() == "valkey":
        return units * _VALKEY.get(service_code, 1.0)
    return units
