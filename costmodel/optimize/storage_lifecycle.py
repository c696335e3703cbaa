"""Which S3 class objects of one age, size and access belong in, and what the move costs.

Minimum billed size, per-object overhead, minimum duration, transition and retrieval all count:
small objects cost more in colder classes. Sources: https://aws.amazon.com/s3/pricing/ and
https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-class-intro.html
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from costmodel.catalog.catalog import PriceCatalog
from costmodel.optimize.inventory import Inventory
from costmodel.units import BYTES_PER_GIB, METRIC_DAYS_PER_MONTH

Array = NDArray[Any]
Floats = NDArray[np.float64]

KIB: Final = 1024.0
SMALLEST_BILLED: Final = 128 * KIB
COLD_OVERHEAD: Final = 32 * KIB  # billed at the class's rate
INDEX_OVERHEAD: Final = 8 * KIB  # billed at Standard's rate
MONITORED_FROM: Final = 128 * KIB


class ClassTerms(NamedTuple):
    """Terms of a storage class.

    Attributes:
        storage: usage type of a GB-month.
        transition: usage type of a lifecycle transition into the class.
        retrieval: usage type of a GB read; empty is free.
        pads: objects below 128 KB are billed as 128 KB.
        archives: objects carry 32 KB + 8 KB of overhead and must be restored.
        least_days: minimum duration.
        least_age: age from which objects may move there.
    """

    storage: str
    transition: str
    retrieval: str
    pads: bool
    archives: bool
    least_days: int
    least_age: int


CLASSES: Final = {
    "STANDARD_IA": ClassTerms(
        "TimedStorage-SIA-ByteHrs", "Requests-SIA-Tier1", "Retrieval-SIA",
        pads=True, archives=False, least_days=30, least_age=30,
    ),
    "ONEZONE_IA": ClassTerms(
        "TimedStorage-ZIA-ByteHrs", "Requests-ZIA-Tier1", "Retrieval-ZIA",
        pads=True, archives=False, least_days=30, least_age=30,
    ),
    "GLACIER_IR": ClassTerms(
        "TimedStorage-GIR-ByteHrs", "Requests-GIR-Tier1", "Retrieval-GIR",
        pads=True, archives=False, least_days=90, least_age=0,
    ),
    "GLACIER": ClassTerms(
        "TimedStorage-GlacierByteHrs", "Requests-GLACIER-Tier1", "Standard-Retrieval-Bytes",
        pads=False, archives=True, least_days=90, least_age=0,
    ),
    "DEEP_ARCHIVE": ClassTerms(
        "TimedStorage-GDA-ByteHrs", "Requests-GDA-Tier1", "Standard-Retrieval-Bytes",
        pads=False, archives=True, least_days=180, least_age=0,
    ),
}  # fmt: skip
STANDARD: Final = "TimedStorage-ByteHrs"


class ClassPrices(NamedTuple):
    """Prices of one region, (c,) over the classes in their order.

    Attributes:
        standard: a GB-month in Standard, first tier [USD].
        storage: a GB-month [USD].
        transition: one object moved in [USD].
        retrieval: a GB read [USD].
    """

    standard: float
    storage: Floats
    transition: Floats
    retrieval: Floats


def read_class_prices(catalog: PriceCatalog, region_id: str) -> ClassPrices:
    """Return a region's prices; NaN where the catalog has none."""
    terms = CLASSES.values()
    storage = _prices(catalog, region_id, [STANDARD, *(t.storage for t in terms)])
    transition = _prices(catalog, region_id, [t.transition for t in terms])
    # Retrieval of the archives is told apart by operation only.
    operations = ["", "", "", "RestoreObject", "DeepArchiveRestoreObject"]
    retrieval = _prices(catalog, region_id, [t.retrieval for t in terms], operations)
    return ClassPrices(float(storage[0]), storage[1:], transition, retrieval)


def _prices(
    catalog: PriceCatalog, region_id: str, usage: Sequence[str], operations: Sequence[str] = ()
) -> Floats:
    count = len(usage)
    wanted = np.array(list(operations) or [""] * count, dtype=object)
    match = catalog.match(
        np.full(count, "AmazonS3", dtype=object), np.full(count, region_id, dtype=object),
        np.array(usage, dtype=object), wanted,
    )  # fmt: skip
    first = match.tiers.first[np.maximum(match.sku, 0)]
    return np.where(match.sku < 0, np.nan, match.tiers.unit_price[first])


class ClassPlan(NamedTuple):
    """Every class for (n,) kinds of objects, (n, c) each.

    Attributes:
        saving: drop of the monthly cost of one object against Standard, reads included [USD].
        fee: transition of one object, paid once [USD].
        payback: months until the saving has paid the fee; inf where there is no saving.
        net: saving over the months kept minus the fee and early deletion [USD].
    """

    saving: Floats
    fee: Floats
    payback: Floats
    net: Floats


def plan_classes(
    object_bytes: Floats, reads: Floats, months_kept: float, prices: ClassPrices
) -> ClassPlan:
    """Return what one object saves in every class.

    Args:
        object_bytes: (n,) size of an object.
        reads: (n,) times a month it is read whole.
        months_kept: how long it is still kept.
        prices: the region's prices.
    """
    size = object_bytes[:, None]
    terms = list(CLASSES.values())
    pads = np.array([t.pads for t in terms])
    archives = np.array([t.archives for t in terms])
    billed = np.where(pads, np.maximum(size, SMALLEST_BILLED), size + archives * COLD_OVERHEAD)
    size_gib, billed_gib = size / BYTES_PER_GIB, billed / BYTES_PER_GIB
    cost = (
        billed_gib * prices.storage + archives * INDEX_OVERHEAD / BYTES_PER_GIB * prices.standard
    )
    read = reads[:, None] * size_gib * prices.retrieval
    saving = size_gib * prices.standard - cost - read
    fee = np.broadcast_to(prices.transition, saving.shape)
    with np.errstate(divide="ignore", invalid="ignore"):
        payback = np.where(saving > 0, fee / saving, np.inf)
    least = np.array([t.least_days for t in terms]) / 30.0
    early = np.maximum(least - months_kept, 0.0) * billed_gib * prices.storage
    return ClassPlan(saving, fee, payback, saving * months_kept - fee - early)


def smallest_object(prices: ClassPrices, months: float) -> Floats:
    """Return the smallest object whose move is paid back within some months, (c,) [bytes]."""
    sizes = np.arange(1, 4096) * KIB / 4
    plan = plan_classes(sizes, np.zeros(len(sizes)), 1e9, prices)
    return np.array([sizes[np.argmax(column <= months)] for column in plan.payback.T])


def tiering_saving(object_bytes: Floats, months: float, prices: "TierPrices") -> Floats:
    """Return what an object never read saves in Intelligent-Tiering over some months [USD].

    One month in the frequent tier, two in the infrequent one, then archive instant access;
    monitoring is paid from 128 KB, smaller objects stay in the frequent tier.
    """
    infrequent = np.clip(months - 1.0, 0.0, 2.0)
    archive = max(months - 3.0, 0.0)
    per_gb = infrequent * (prices.frequent - prices.infrequent)
    per_gb += archive * (prices.frequent - prices.archive)
    fees = months * prices.monitoring + prices.transition
    monitored = object_bytes >= MONITORED_FROM
    return np.where(monitored, object_bytes / BYTES_PER_GIB * per_gb - fees, -prices.transition)


class TierPrices(NamedTuple):
    """Intelligent-Tiering in one region [USD].

    Attributes:
        frequent, infrequent, archive: a GB-month of each access tier.
        monitoring: one object and month.
        transition: one object moved in.
    """

    frequent: float
    infrequent: float
    archive: float
    monitoring: float
    transition: float


def read_tier_prices(catalog: PriceCatalog, region_id: str) -> TierPrices:
    """Return a region's Intelligent-Tiering prices; moving in costs as much as into IA."""
    usage = ("TimedStorage-INT-FA-ByteHrs", "TimedStorage-INT-IA-ByteHrs",
             "TimedStorage-INT-AIA-ByteHrs", "Monitoring-Automation-INT",
             "Requests-SIA-Tier1")  # fmt: skip
    return TierPrices(*map(float, _prices(catalog, region_id, usage)))


MONTHS_KEPT: Final = 12.0


def cohort_columns(inventory: Inventory, catalog: PriceCatalog) -> dict[str, Array]:
    """Return the best class of every row of ``s3_cohorts``, its fee and payback.

    Reads are taken from the inventory where it knows them; unknown access leaves the choice open.
    """
    kind = "s3_cohorts"
    table = inventory.table(kind)
    count = table.num_rows
    size = inventory.numbers(kind, "object_bytes")
    age = inventory.numbers(kind, "age_days")
    objects = inventory.numbers(kind, "objects")
    regions = np.array([r or "us-east-1" for r in table["region_id"].to_pylist()], dtype=object)
    reads = _reads(inventory, table["resource_id"].to_pylist())
    best = np.full(count, None, dtype=object)
    fee = np.full(count, np.nan)
    payback = np.full(count, np.nan)
    names = np.array([*CLASSES, "STANDARD"], dtype=object)
    for region in sorted(set(regions)):
        rows = np.flatnonzero((regions == region) & ~np.isnan(reads) & ~np.isnan(size))
        plan = plan_classes(
            size[rows], reads[rows], MONTHS_KEPT, read_class_prices(catalog, region)
        )
        young = age[rows][:, None] < [t.least_age for t in CLASSES.values()]
        net = np.where(young | np.isnan(plan.net), -np.inf, plan.net)
        choice = np.where((net > 0).any(axis=1), net.argmax(axis=1), len(CLASSES))
        chosen = np.minimum(choice, len(CLASSES) - 1)
        best[rows] = names[choice]
        fee[rows] = plan.fee[np.arange(len(rows)), chosen] * objects[rows]
        payback[rows] = plan.payback[np.arange(len(rows)), chosen]
    return {"best_class": best, "transition_usd": fee, "payback_months": payback}


def _reads(inventory: Inventory, buckets: list[Any]) -> Floats:
    """Return reads a month of each bucket's objects: downloaded bytes over stored bytes."""
    total = inventory.metric("s3_buckets", "BytesDownloaded", "total")
    days = inventory.metric("s3_buckets", "BytesDownloaded", "period_days")
    names = inventory.table("s3_buckets")["resource_id"].to_pylist()
    stored: dict[Any, float] = {}
    listed = inventory.table("s3_cohorts")["resource_id"].to_pylist()
    for name, size in zip(listed, inventory.numbers("s3_cohorts", "bytes").tolist(), strict=True):
        stored[name] = stored.get(name, 0.0) + size
    rate = {
        name: value / days_seen * METRIC_DAYS_PER_MONTH / stored[name]
        for name, value, days_seen in zip(names, total.tolist(), days.tolist(), strict=True)
        if stored.get(name)
    }
    return np.array([rate.get(name, np.nan) for name in buckets])
