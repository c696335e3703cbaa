"""The public verbs on commitments: plan what to buy, simulate what is held."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from costmodel.bill.query import Bill
from costmodel.catalog.catalog import PriceCatalog
from costmodel.io.catalog_store import load_catalog
from costmodel.io.commitment_files import read_held
from costmodel.optimize.commitments.bill_usage import bill_usage
from costmodel.optimize.commitments.billed import BilledCoverage, billed_coverage
from costmodel.optimize.commitments.held import HeldCommitment
from costmodel.optimize.commitments.plan import plan_from_usage
from costmodel.optimize.commitments.result import CommitmentPlan
from costmodel.optimize.commitments.settings import CommitmentChoice, Uncertainty
from costmodel.optimize.commitments.simulate import CommitmentSimulation, simulate_usage
from costmodel.optimize.commitments.usage import (
    ACCOUNT_KEYS,
    EITHER,
    ON_DEMAND,
    PRICE_KEYS,
    HourlyUsage,
    read_usage,
)
from costmodel.verbs.bills import read_bill

Held = Sequence[HeldCommitment] | str | Path


def plan_commitments(
    source: Any,
    catalog: PriceCatalog | None = None,
    *,
    choice: CommitmentChoice | None = None,
    uncertainty: Uncertainty | None = None,
    held: Held = (),
    as_of: datetime | None = None,
) -> CommitmentPlan:
    """Return which Savings Plans and reservations to buy, with a bound nothing can undercut.

    Without ``held`` the plan is for usage that present commitments leave on demand; with it, for
    all usage, so that commitments that end are seen to end.

    Args:
        source: bill (path, paths or ``Bill``) or hourly usage as a table with FOCUS columns.
        catalog: prices; the embedded catalog by default.
        choice: what may be bought; one year and No Upfront by default.
        uncertainty: how usage may change and how much a bad end weighs.
        held: commitments that exist or are queued, or a file of them.
        as_of: start of the term; the end of the usage by default.

    Raises:
        BadInputError: a file cannot be understood, or there is no usage on demand.
    """
    prices = catalog or load_catalog()
    present = _held(held)
    usage = read_hourly_usage(source, prices, pricing=EITHER if present else ON_DEMAND)
    return plan_from_usage(
        usage, prices, choice=choice, uncertainty=uncertainty, held=present, as_of=as_of
    )


def simulate_commitments(
    source: Any,
    held: Held,
    catalog: PriceCatalog | None = None,
    *,
    sharing: str = "OPEN",
    groups: Mapping[str, int] | None = None,
) -> CommitmentSimulation:
    """Return every hour of the usage under given commitments, by AWS's rules of application.

    Args:
        source: as for ``plan_commitments``; all usage counts, covered or not.
        held: the commitments, or a file of them.
        catalog: prices; the embedded catalog by default.
        sharing: OPEN, PRIORITIZED or RESTRICTED sharing between accounts.
        groups: sharing group of each account.
    """
    prices = catalog or load_catalog()
    usage = read_hourly_usage(source, prices, keys=ACCOUNT_KEYS, pricing=EITHER)
    return simulate_usage(usage, _held(held), prices, sharing=sharing, groups=groups)


def measure_coverage(source: Any, catalog: PriceCatalog | None = None) -> BilledCoverage:
    """Return how far the commitments on a bill covered its usage, and how far they were used.

    Args:
        source: bill (path, paths or ``Bill``).
        catalog: says what could be covered; the embedded catalog by default.
    """
    prices = catalog or load_catalog()
    if isinstance(source, str | Path):
        source = [source]
    bill = source if isinstance(source, Bill) else read_bill(*source, catalog=prices)
    return billed_coverage(bill, prices)


def read_hourly_usage(
    source: Any,
    catalog: PriceCatalog | None = None,
    *,
    keys: tuple[str, ...] = PRICE_KEYS,
    pricing: tuple[str, ...] = ON_DEMAND,
) -> HourlyUsage:
    """Return the hourly usage in a bill or a table.

    Args:
        source: as for ``plan_commitments``.
        catalog: names the regions of usage types.
        keys: columns that tell rows apart.
        pricing: pricing categories that count, see ``read_usage``.
    """
    if isinstance(source, HourlyUsage):
        return source
    if isinstance(source, str | Path):
        source = read_bill(source, catalog=catalog)
    elif isinstance(source, list | tuple):
        source = read_bill(*source, catalog=catalog)
    if isinstance(source, Bill):
        return bill_usage(source, keys=keys, pricing=pricing)
    return read_usage(source, keys=keys, pricing=pricing)


def _held(held: Held) -> list[HeldCommitment]:
    return read_held(held) if isinstance(held, str | Path) else list(held)
