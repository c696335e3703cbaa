"""Reserved capacity: which usage a reservation fits, and how many units it draws.

Zonal EC2 reservations need the exact type and zone and come first, also those another account
left over; regional ones follow, size-flexible where AWS allows, from the smallest size up.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from costmodel.engine.coverage.commitments import Commitments, Ownership, commitment_quantity
from costmodel.engine.coverage.normalization import (
    VALKEY_SERVICES,
    Deployment,
    canonical_platform,
    canonical_tenancy,
    family_and_size,
    is_size_flexible,
    normalization_factor,
    reserved_units,
)
from costmodel.engine.coverage.waterfall import Coverage, apply_commitments
from costmodel.engine.hourly_input import hourly_usage

ZONAL_STAGE, REGIONAL_STAGE = 0, 1
# DynamoDB sells reserved capacity in blocks of 100 capacity units per region.
DYNAMODB_BLOCK = 100.0


@dataclass(frozen=True, slots=True)
class ReservedUsage:
    """What runs: everything a reservation is matched on.

    ``platform`` is the operating system for EC2, the engine with edition and licence for RDS, the
    engine for caches, ``RCU`` or ``WCU`` for DynamoDB.
    """

    instance_type: str
    service_code: str = "AmazonEC2"
    region: str = ""
    platform: str = "Linux/UNIX"
    tenancy: str = "default"
    zone: str = ""
    account: int = 0
    deployment: Deployment = Deployment.SINGLE_AZ
    is_io_optimized: bool = False


@dataclass(frozen=True, slots=True)
class Reservation:
    """What is reserved; a zone makes it zonal, ``count`` is in instances, nodes or blocks."""

    instance_type: str
    count: float = 1.0
    service_code: str = "AmazonEC2"
    region: str = ""
    platform: str = "Linux/UNIX"
    tenancy: str = "default"
    zone: str = ""
    account: int = 0
    deployment: Deployment = Deployment.SINGLE_AZ

    @property
    def is_flexible(self) -> bool:
        """Whether it covers other sizes of its family."""
        return not self.zone and is_size_flexible(
            self.service_code, self.instance_type, platform=self.platform, tenancy=self.tenancy
        )

    @property
    def units(self) -> float:
        """Units it holds: normalised when size-flexible, capacity units for DynamoDB."""
        if self.service_code == "AmazonDynamoDB":
            return self.count * DYNAMODB_BLOCK
        if not self.is_flexible:
            return self.count
        return self.count * reserved_units(
            self.service_code, self.instance_type, deployment=self.deployment, engine=self.platform
        )


def reservation_draw(reservation: Reservation, usage: ReservedUsage) -> float:
    """Return the units one unit of usage takes from a reservation; NaN where it does not fit."""
    same = (
        reservation.service_code == usage.service_code
        and reservation.region == usage.region
        and _fits_platform(reservation, usage)
        and canonical_tenancy(reservation.tenancy) == canonical_tenancy(usage.tenancy)
        and (not reservation.zone or reservation.zone == usage.zone)
    )
    if not same:
        return np.nan
    if reservation.is_flexible:
        family = family_and_size(reservation.instance_type)[0]
        return _units(usage) if family_and_size(usage.instance_type)[0] == family else np.nan
    is_exact = (
        reservation.instance_type == usage.instance_type
        and reservation.deployment == usage.deployment
    )
    return 1.0 if is_exact else np.nan


def _fits_platform(reservation: Reservation, usage: ReservedUsage) -> bool:
    bought = canonical_platform(reservation.service_code, reservation.platform)
    running = canonical_platform(usage.service_code, usage.platform)
    # Nodes reserved for Redis OSS keep covering a cache that moved to Valkey.
    moved = reservation.service_code in VALKEY_SERVICES and (bought, running) == (
        "redis",
        "valkey",
    )
    return bought == running or moved


def _units(usage: ReservedUsage) -> float:
    if usage.service_code == "AmazonEC2":
        return normalization_factor(usage.instance_type)
    return reserved_units(
        usage.service_code,
        usage.instance_type,
        deployment=usage.deployment,
        engine=usage.platform,
        is_io_optimized=usage.is_io_optimized,
    )


def reservation_commitments(
    reservations: Sequence[Reservation], usage: Sequence[ReservedUsage]
) -> Commitments:
    """Return reservations as commitments on the given usage rows, zonal before regional."""
    shape = (len(reservations), len(usage))
    draw = np.array([[reservation_draw(r, u) for u in usage] for r in reservations], dtype=float)
    stage = [ZONAL_STAGE if r.zone else REGIONAL_STAGE for r in reservations]
    return Commitments(
        draw.reshape(shape),
        commitment_quantity([r.units for r in reservations], len(reservations)),
        np.array(stage, dtype=np.intp),
        np.ones(len(reservations), dtype=bool),
    )


def apply_reservations(
    usage: npt.ArrayLike,
    on_demand_rate: npt.ArrayLike,
    rows: Sequence[ReservedUsage],
    reservations: Sequence[Reservation],
) -> Coverage:
    """Return what reservations cover; left-over benefit reaches the other accounts.

    Args:
        usage: (h, k) units of each row in each hour; instances running part of an hour count
            their share, for AWS pools 3,600 seconds per reservation and hour.
        on_demand_rate: (k,) USD per unit.
        rows: k descriptions of the usage.
        reservations: p reservations.
    """
    quantity = hourly_usage(usage)
    account = np.array([row.account for row in rows], dtype=np.intp)
    owner = np.array([r.account for r in reservations], dtype=np.intp)
    accounts = 1 + int(max(account.max(initial=0), owner.max(initial=0)))
    ownership = Ownership(account, owner, np.full(accounts, -1, dtype=np.intp))
    commitments = reservation_commitments(reservations, rows)
    return apply_commitments(quantity, on_demand_rate, commitments, ownership)
