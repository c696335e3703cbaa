"""What usage costs as it is bought: on demand, reserved, under a Savings Plan or as spot.

The list cost of a line stays what it would cost on demand; its effective cost is what the
purchase makes of it, with upfront fees spread over the term (docs: commitments).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from costmodel.catalog.catalog import PriceCatalog
from costmodel.errors import IssueReason
from costmodel.recent import Recent
from costmodel.units import HOURS_PER_MONTH, HOURS_PER_YEAR
from costmodel.usage.table import Floats, Texts, UsageTable

# Share of the term's cost that is due at the start.
_UPFRONT_SHARE: Final = {"No Upfront": 0.0, "Partial Upfront": 0.5, "All Upfront": 1.0}
# EC2 operations that add a licence to the Linux price: Windows, RHEL, SQL Server. A commitment
# lowers the instance's part only: of the published reserved rates (standard, All Upfront) 96 % are
# Linux's rate plus the undiminished licence within 0.001 USD. SUSE's and Ubuntu Pro's are not.
_LINUX: Final = "RunInstances"
_LICENSED: Final = frozenset(
    f"{_LINUX}:{code}"
    for code in ("0002", "0004", "0006", "0010", "0014", "0100", "0102", "0110", "0200", "0202",
                 "0210", "1010", "1014", "1110")
)  # fmt: skip
_MAY_BE_UNSAID: Final = ("OfferingClass", "x_Operation")
_CATEGORY: Final = {
    "OnDemand": "Standard", "Reserved": "Committed", "SavingsPlan": "Committed", "Spot": "Dynamic",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Purchased:
    """How n lines are bought.

    Attributes:
        effective_cost: (n,) USD a month, upfront fees amortised; NaN unknown.
        upfront_cost: (n,) USD due once when the commitment is bought; 0 on demand.
        pricing_category: (n,) FOCUS: Standard, Committed or Dynamic.
        published: (n,) day the committed or spot rate was published; "" on demand.
        issues: (row, reason, message) of lines whose purchase has no rate.
    """

    effective_cost: Floats
    upfront_cost: Floats
    pricing_category: Texts
    published: Texts
    issues: Sequence[tuple[int, IssueReason, str]]

    def discounted(self, percent: float) -> "Purchased":
        """Return the same lines under a private discount on everything but list prices."""
        share = 1.0 - percent / 100.0
        return replace(
            self,
            effective_cost=self.effective_cost * share,
            upfront_cost=self.upfront_cost * share,
        )


def buy(usage: UsageTable, list_cost: Floats, catalog: PriceCatalog) -> Purchased:
    """Return what each line costs as bought.

    Args:
        usage: n lines.
        list_cost: (n,) USD a month on demand.
        catalog: the committed and spot rates.
    """
    effective, upfront = list_cost.copy(), np.zeros(len(usage))
    category = np.array([_CATEGORY[model] for model in usage.model], dtype=object)
    published = np.full(len(usage), "", dtype=object)
    issues: list[tuple[int, IssueReason, str]] = []
    rates = catalog.derived(_Rates)
    for row in np.flatnonzero(usage.model != "OnDemand"):
        rate = rates.find(usage, int(row), usage.operation[row])
        if rate is None:
            rate = _with_licence(usage, int(row), catalog, rates)
            if rate is not None:
                issues.append(
                    (int(row), IssueReason.APPROXIMATION, _licence_note(usage, int(row)))
                )
        if rate is None:
            effective[row] = np.nan
            issues.append((int(row), IssueReason.NO_COMMITTED_RATE, _no_rate(usage, int(row))))
            continue
        published[row] = rate["published"]
        effective[row] = rate["price"] * usage.quantity[row]
        units = usage.quantity[row] / HOURS_PER_MONTH  # reserved instances
        upfront[row] = units * _upfront_fee(usage, int(row), rate)
        if rate["upfront"] is None and usage.option[row] == "Partial Upfront":
            issues.append((int(row), IssueReason.APPROXIMATION, _HALF))
    return Purchased(effective, upfront, category, published, issues)


def _upfront_fee(usage: UsageTable, row: int, rate: dict[str, Any]) -> float:
    """Return one reserved unit's fee [USD]: published, else the option's share of the term."""
    if rate["upfront"] is not None:
        return float(rate["upfront"])
    term_hours = HOURS_PER_YEAR * (3.0 if usage.lease[row] == "3yr" else 1.0)
    return float(_UPFRONT_SHARE.get(usage.option[row], 0.0) * rate["price"] * term_hours)


_HALF: Final = (
    "partial upfront: half of the term's cost is taken as due at the start; the monthly effective "
    "cost does not depend on it"
)


def _with_licence(
    usage: UsageTable, row: int, catalog: PriceCatalog, rates: "_Rates"
) -> dict[str, Any] | None:
    """Return Linux's committed rate plus what the licence adds on demand, or None."""
    operation = usage.operation[row]
    committed = usage.model[row] in ("Reserved", "SavingsPlan")
    linux = rates.find(usage, row, _LINUX) if committed and operation in _LICENSED else None
    if linux is None:
        return None
    licence = _unit_price(usage, row, catalog, operation) - _unit_price(
        usage, row, catalog, _LINUX
    )
    if math.isnan(licence):
        return None
    return {**linux, "price": linux["price"] + licence, "upfront": None}


def _unit_price(usage: UsageTable, row: int, catalog: PriceCatalog, operation: str) -> float:
    """Return the price on demand of one line under an operation; NaN where there is none."""
    key = (usage.service_code[row], usage.region_id[row], usage.usage_type[row], operation)
    match = catalog.match(*([part] for part in key))
    sku = match.sku[0]
    return float("nan") if sku < 0 else float(match.tiers.unit_price[match.tiers.first[sku]])


def _licence_note(usage: UsageTable, row: int) -> str:
    return (
        f"{usage.name[row]}: the committed rate is Linux's plus the licence at its on-demand price"
    )


class _Rates:
    """Committed and spot rates of one catalog; a plan asks for few of them, again and again."""

    def __init__(self, catalog: PriceCatalog) -> None:
        self._catalog = catalog
        self._known: Recent[tuple[str, ...], tuple[dict[str, Any] | None]] = Recent(_RATES)
        self._tables: Recent[tuple[str, str, str], Any] = Recent(_TABLES)

    def find(self, usage: UsageTable, row: int, operation: str) -> dict[str, Any] | None:
        """Return the effective price of one line's purchase and its upfront fee, or None."""
        key = (
            usage.model[row], usage.service_code[row], usage.region_id[row],
            usage.usage_type[row], operation, usage.lease[row], usage.option[row],
            usage.offering_class[row], usage.plan_type[row],
        )  # fmt: skip
        known = self._known.get(key)
        if known is None:
            known = (self._read(usage, row, operation),)
            self._known.put(key, known)
        return known[0]

    def _read(self, usage: UsageTable, row: int, operation: str) -> dict[str, Any] | None:
        key = {"x_UsageType": usage.usage_type[row], "x_Operation": operation}
        terms = {
            "LeaseContractLength": usage.lease[row],
            "PurchaseOption": usage.option[row],
        }
        region = usage.region_id[row]
        match usage.model[row]:
            case "Reserved":
                rates = self._table("Reserved", usage.service_code[row], region)
                key |= terms | {"OfferingClass": usage.offering_class[row]}
                return _only(rates, key, "x_EffectiveUnitPrice")
            case "SavingsPlan":
                rates = self._table("SavingsPlan", usage.plan_type[row] or "Compute", region)
                return _only(rates, key | terms, "ListUnitPrice")
            case _:
                instance_type = (usage.usage_type[row] or "").partition(":")[2]
                spot_key = {"x_InstanceType": instance_type, "x_Operation": operation}
                return _only(self._table("Spot", "", region), spot_key, "ListUnitPrice")

    def _table(self, model: str, name: str, region: str) -> Any:
        place = (model, name, region)
        table = self._tables.get(place)
        if table is None:
            match model:
                case "Reserved":
                    table = self._catalog.reserved(name, region)
                case "SavingsPlan":
                    table = self._catalog.savings_plan_rates(name, region)
                case _:
                    table = self._catalog.spot(region)
            self._tables.put(place, table)
        return table


# Rates are small; a table of one service in one region may be 20 MB.
_RATES: Final = 4096
_TABLES: Final = 3


def _only(rates: Any, key: dict[str, Any], price: str) -> dict[str, Any] | None:
    """Return the rate with this key; None where there is none, or several that differ.

    Only EC2 has offering classes, and ElastiCache's reserved nodes name no engine: a rate that
    does not say is one for all.
    """
    import pyarrow.compute as pc

    for column, value in key.items():
        if column not in rates.column_names:
            return None
        texts = rates[column].cast("string")
        matching = rates.filter(pc.equal(texts, value or ""))
        if not len(matching) and column in _MAY_BE_UNSAID:
            matching = rates.filter(pc.equal(texts, ""))
        rates = matching
    columns = [name for name in (price, "x_UpfrontFee") if name in rates.column_names]
    distinct = {tuple(row.values()) for row in rates.select(columns).to_pylist()}
    if len(distinct) != 1:
        return None
    (found,) = distinct
    days = rates["x_Published"].to_pylist() if "x_Published" in rates.column_names else [""]
    return {
        "price": float(found[0]),
        "upfront": found[1] if len(found) > 1 else None,
        "published": max(days),
    }


def _no_rate(usage: UsageTable, row: int) -> str:
    model = usage.model[row]
    plan = usage.plan_type[row] if model == "SavingsPlan" else ""
    classes = usage.offering_class[row] if model == "Reserved" else ""
    terms = (plan, usage.lease[row], usage.option[row], classes) if model != "Spot" else ()
    bought = " ".join(part for part in (model, *terms) if part)
    return (
        f"{usage.name[row]}: no {bought} rate for {usage.usage_type[row]} in "
        f"{usage.region_id[row]}; the list cost stays on demand"
    )
