"""What the catalog asks for committed usage, laid beside the usage rows.

A row is covered by a plan if and only if its (usage type, operation) has a rate in that plan's
rate file; coverage is never hard-coded.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from costmodel.catalog.catalog import PriceCatalog
from costmodel.engine.tiers import Floats
from costmodel.errors import BadInputError, CatalogError, Issue, IssueReason
from costmodel.optimize.commitments.usage import HourlyUsage

_JOIN = ["x_ServiceCode", "RegionId", "x_UsageType", "x_Operation"]
# Plan type → offering, as bills and Cost Optimization Hub name it.
PLAN_OFFERINGS = {
    "Compute": "ComputeSavingsPlans", "EC2Instance": "EC2InstanceSavingsPlans",
    "Database": "DatabaseSavingsPlans", "SageMaker": "SageMakerSavingsPlans",
}  # fmt: skip
PLAN_TYPES = tuple(PLAN_OFFERINGS)
TERMS = ("1yr", "3yr")
PAYMENTS = ("No Upfront", "Partial Upfront", "All Upfront")


def reserved_prices(catalog: PriceCatalog, service_code: str, region_id: str) -> Any:
    """Return the reserved prices of a service as a pandas table; None for one without prices.

    Marketplace products and bills of other providers name services no price list has.
    """
    try:
        return catalog.reserved(service_code, region_id).to_pandas()
    except CatalogError:
        return None


@dataclass
class CommittedRates:
    """Committed rates of some usage rows, looked up once per plan type."""

    usage: HourlyUsage
    catalog: PriceCatalog
    issues: list[Issue] = field(default_factory=list)
    _plans: dict[str, dict[tuple[str, str], Floats]] = field(default_factory=dict)
    _reserved: dict[tuple[str, str, str], tuple[Floats, Floats]] | None = None

    def plan(self, plan_type: str, term: str, payment: str) -> Floats:
        """Return the rate of each row (k,) [USD per unit]; NaN where the plan has none."""
        if plan_type not in self._plans:
            self._plans[plan_type] = self._join_plan(plan_type)
        nothing = np.full(len(self.usage.rows), np.nan)
        return self._plans[plan_type].get((term, payment), nothing)

    def reserved(self, term: str, payment: str, offering_class: str) -> tuple[Floats, Floats]:
        """Return effective hourly price and upfront fee of a reservation of each row, (k,).

        USD per unit; NaN where none is sold. Services other than EC2 have no offering class.
        """
        if self._reserved is None:
            self._reserved = self._join_reserved()
        nothing = np.full(len(self.usage.rows), np.nan)
        return self._reserved.get((term, payment, offering_class), (nothing, nothing))

    def _join_plan(self, plan_type: str) -> dict[tuple[str, str], Floats]:
        if plan_type not in PLAN_TYPES:
            raise BadInputError(f"plan type {plan_type!r}: choose among {', '.join(PLAN_TYPES)}")
        try:
            frames = [
                self.catalog.savings_plan_rates(plan_type, region).to_pandas()
                for region in sorted(set(self.usage.rows["RegionId"]))
            ]
        except CatalogError:
            if any(self.usage.rows["x_ServiceCode"] == f"Amazon{plan_type}"):
                self._note(f"the catalog has no {plan_type} Savings Plan rates")
            return {}
        found = self._joined(frames)
        if found is None:
            return {}
        return {
            key: _scatter(part, "ListUnitPrice", len(self.usage.rows))
            for key, part in found.groupby(["LeaseContractLength", "PurchaseOption"])
        }

    def _join_reserved(self) -> dict[tuple[str, str, str], tuple[Floats, Floats]]:
        rows = self.usage.rows
        pairs = sorted(set(zip(rows["x_ServiceCode"], rows["RegionId"], strict=True)))
        frames = [
            table for s, r in pairs if (table := reserved_prices(self.catalog, s, r)) is not None
        ]
        found = self._joined(frames)
        if found is None:
            return {}
        found["OfferingClass"] = found["OfferingClass"].astype(str).replace("", "standard")
        # DynamoDB sells one option, part upfront and part hourly, and gives it no name.
        found["PurchaseOption"] = found["PurchaseOption"].replace("", "Partial Upfront")
        keys = ["LeaseContractLength", "PurchaseOption", "OfferingClass"]
        return {
            key: (
                _scatter(part, "x_EffectiveUnitPrice", len(rows)),
                np.nan_to_num(_scatter(part, "x_UpfrontFee", len(rows))),
            )
            for key, part in found.groupby(keys)
        }

    def _joined(self, frames: list[Any]) -> Any:
        """Return offers beside the number of the usage row they price, or None without any."""
        import pandas as pd

        frames = [frame for frame in frames if len(frame)]
        if not frames:
            return None
        offers = pd.concat(frames, ignore_index=True)
        for name in (*_JOIN, "LeaseContractLength", "PurchaseOption"):
            offers[name] = offers[name].astype(str)
        wanted = self.usage.rows[_JOIN].astype(str).assign(x_row=np.arange(len(self.usage.rows)))
        found = wanted.merge(offers, on=_JOIN)
        return found if len(found) else None

    def _note(self, message: str) -> None:
        self.issues.append(Issue(IssueReason.NO_COMMITTED_RATE, "catalog", message))


def _scatter(part: Any, column: str, count: int) -> Floats:
    rate = np.full(count, np.nan)
    values = part[column].to_numpy(dtype=np.float64)
    # A rate of 0 would draw no commitment: unknown rather than free.
    rate[part["x_row"].to_numpy()] = np.where(values > 0.0, values, np.nan)
    return rate
