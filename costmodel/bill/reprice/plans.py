"""Other Savings Plans on a bill: its own commitments replaced, hour by hour."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from costmodel.bill.query import Bill
from costmodel.bill.reprice.lines import Floats, Ints, UsageLines
from costmodel.bill.reprice.price import price_lines
from costmodel.bill.reprice.scenario import BillScenario, PlanTerms, Successors, move_lines
from costmodel.bill.series import hourly_usage
from costmodel.catalog.catalog import PriceCatalog
from costmodel.engine.coverage import apply_savings_plans


@dataclass(frozen=True, slots=True)
class PlanEffect:
    """Usage that can be covered, under the scenario's plans [USD over the bill].

    Attributes:
        on_demand_cost: the usage without any commitment.
        cost: commitments in full, and the usage they leave.
        used_commitment, commitment: of all plans.
        billed_cost: what the bill's own commitments and on-demand made of it (amortised).
    """

    on_demand_cost: float
    cost: float
    used_commitment: float
    commitment: float
    billed_cost: float

    @property
    def utilization(self) -> float:
        """Used share of the commitment."""
        return self.used_commitment / self.commitment if self.commitment else float("nan")

    def to_json(self) -> dict[str, float]:
        """Return every figure."""
        return {
            "on_demand_cost": self.on_demand_cost,
            "cost": self.cost,
            "used_commitment": self.used_commitment,
            "commitment": self.commitment,
            "utilization": self.utilization,
            "billed_effective_cost": self.billed_cost,
        }


class HourlyKeys(NamedTuple):
    """Usage by hour and distinct key; ``h`` hours, ``k`` keys."""

    quantity: Floats  # (h, k)
    lines: UsageLines  # (k,) totals by key


def plan_effect(
    bill: Bill,
    catalog: PriceCatalog,
    scenario: BillScenario,
    successors: Mapping[str, Mapping[str, Successors]],
    plans: Sequence[PlanTerms],
    filter_text: str | None,
) -> PlanEffect:
    """Return what Savings Plans make of the usage they can cover; the bill's own are ignored.

    Args:
        bill: the bill, of hourly rows.
        catalog: prices of usage and plans.
        scenario: its regions and families apply before the plans do.
        successors: service code → family → newest families.
        plans: the plans; none leaves everything on demand.
        filter_text: expression of the filter language.
    """
    hourly = _hourly_keys(bill, catalog, filter_text)
    moved = move_lines(hourly.lines, scenario, successors)
    on_demand = _unit_prices(moved, catalog)
    rates = _plan_rates(moved, plans, catalog)
    coverable = np.flatnonzero(~np.isnan(on_demand) & _is_coverable(moved, catalog))
    quantity, on_demand = hourly.quantity[:, coverable], on_demand[coverable]
    full = float((quantity @ on_demand).sum())
    billed = float(np.nansum(moved.effective_cost[coverable]))
    if not plans:
        return PlanEffect(full, full, 0.0, 0.0, billed)
    commitment = np.array([plan.hourly_commitment_usd for plan in plans])
    order = np.array([plan.type == "Compute" for plan in plans], dtype=np.intp)
    coverage = apply_savings_plans(quantity, on_demand, rates[:, coverable], commitment, order)
    promised = float(commitment.sum()) * len(quantity)
    rest = float(np.sum(coverage.on_demand_cost))
    used = float(np.sum(coverage.used_commitment))
    return PlanEffect(full, promised + rest, used, promised, billed)


def _hourly_keys(bill: Bill, catalog: PriceCatalog, filter_text: str | None) -> HourlyKeys:
    table = hourly_usage(bill, filter_text)
    names = ("x_ServiceCode", "RegionId", "x_UsageType", "x_Operation", "PricingUnit")
    columns = [_texts(table[name]) for name in names]
    joined = pa.array(["\x1f".join(parts) for parts in zip(*columns, strict=True)], pa.string())
    encoded = joined.dictionary_encode()
    key = encoded.indices.to_numpy().astype(np.intp)
    times = pc.cast(table["ChargePeriodStart"], pa.timestamp("s")).combine_chunks()
    hours = times.dictionary_encode()
    hour = hours.indices.to_numpy().astype(np.intp)
    count = len(encoded.dictionary)
    quantity = np.zeros((len(hours.dictionary), count))
    amounts = np.nan_to_num(table["PricingQuantity"].cast(pa.float64()).to_numpy())
    np.add.at(quantity, (hour, key), amounts)
    effective = np.bincount(
        key, weights=np.nan_to_num(table["EffectiveCost"].cast(pa.float64()).to_numpy()),
        minlength=count,
    ).astype(np.float64)  # fmt: skip
    return HourlyKeys(quantity, _key_lines(encoded.dictionary, quantity.sum(axis=0), effective))


def _key_lines(keys: pa.Array, quantity: Floats, effective: Floats) -> UsageLines:
    parts = np.array([key.split("\x1f") for key in keys.to_pylist()], dtype=object)
    service, region, usage_type, operation, unit = parts.reshape(-1, 5).T
    count = len(quantity)
    blank = np.full(count, "", dtype=object)
    pool: Ints = np.zeros(count, dtype=np.intp)
    unknown = np.full(count, np.nan)
    return UsageLines(
        service, service, region, usage_type, operation, blank, unit, blank, blank, pool,
        quantity, unknown, unknown, effective, np.zeros(count, dtype=np.int64),
    )  # fmt: skip


def _texts(column: pa.ChunkedArray) -> list[str]:
    return [value or "" for value in column.to_pylist()]


def _unit_prices(lines: UsageLines, catalog: PriceCatalog) -> Floats:
    """Return the on-demand price of one unit of each key, (k,)."""
    ones = replace(lines, quantity=np.ones(len(lines)), pool=np.arange(len(lines), dtype=np.intp))
    return price_lines(ones, catalog).cost


def _is_coverable(lines: UsageLines, catalog: PriceCatalog) -> Any:
    """Return which keys some plan type has a rate for, (k,)."""
    kinds = [PlanTerms(kind, 1.0) for kind in ("Compute", "EC2Instance", "Database")]
    return np.any(~np.isnan(_plan_rates(lines, kinds, catalog)), axis=0)


def _plan_rates(lines: UsageLines, plans: Sequence[PlanTerms], catalog: PriceCatalog) -> Floats:
    """Return (p, k) Savings Plan rates [USD per unit], NaN where a plan does not cover a key."""
    keys = list(zip(lines.region, lines.usage_type, lines.operation, strict=True))
    rates = np.full((len(plans), len(keys)), np.nan)
    for place, plan in enumerate(plans):
        table = {
            (row["RegionId"], row["x_UsageType"], row["x_Operation"]): row["ListUnitPrice"]
            for region in sorted({key[0] for key in keys if key[0]})
            for row in _rate_rows(catalog, plan, region)
        }
        rates[place] = [table.get(key, np.nan) for key in keys]
    return rates


def _rate_rows(catalog: PriceCatalog, plan: PlanTerms, region: str) -> list[dict[str, Any]]:
    table = catalog.savings_plan_rates(plan.type, region)
    wanted = pc.and_(
        pc.equal(table["LeaseContractLength"], plan.term),
        pc.equal(table["PurchaseOption"], plan.payment),
    )
    rows: list[dict[str, Any]] = table.filter(wanted).to_pylist()
    return rows
