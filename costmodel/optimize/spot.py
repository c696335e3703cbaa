"""Spot advice for a fleet: price and risk of pools, their mix, the share to run on spot.

A pool is an instance type of a region. Prices, monthly history and interruption buckets come from
the catalog; sizes are made comparable by vCPU.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np

from costmodel.catalog.catalog import PriceCatalog
from costmodel.engine.spot import (
    RestartModel,
    SpotShare,
    diversified_shares,
    diversified_volatility,
    effective_spot_price,
    interruption_rate,
    optimal_spot_share,
    spot_prices,
)
from costmodel.engine.tiers import Floats
from costmodel.errors import BadInputError, Issue, IssueReason
from costmodel.result import Result

if TYPE_CHECKING:
    import pandas as pd

_LINUX = "RunInstances"


class SpotPool(NamedTuple):
    """One instance type on spot. Prices in USD per hour."""

    instance_type: str
    vcpus: float
    spot_price: float  # in force
    on_demand_price: float
    mean_price: float  # of the monthly history
    volatility: float  # standard deviation of the change of log price a month
    interruption: str  # the advisor's bucket, a month
    effective_price: float  # of a useful hour, interruptions included
    share: float  # of the spot part of the fleet, by vCPU


@dataclass(frozen=True)
class SpotPlan(Result):
    """Which pools to mix and how much of the fleet to run on them.

    Attributes:
        region: region of the pools.
        pools: the pools with their share of the spot part.
        fleet: share of the fleet on spot and its cost, USD per vCPU-hour.
        price_volatility: standard deviation of the mix's price a month, relative to its price; NaN
            without enough history.
        issues: pools that could not be judged.
    """

    report_module: ClassVar[str] = "costmodel.report.spot"

    region: str
    pools: list[SpotPool]
    fleet: SpotShare
    price_volatility: float
    issues: list[Issue] = field(default_factory=list)

    def __repr__(self) -> str:
        return (
            f"SpotPlan({self.region}: {self.fleet.share:.0%} spot, {self.fleet.cost:.4f} USD "
            f"a vCPU hour of {self.fleet.on_demand_cost:.4f} on demand)"
        )

    @property
    def table(self) -> "pd.DataFrame":
        """One row per pool."""
        import pandas as pd

        return pd.DataFrame(self.pools, columns=list(SpotPool._fields))

    def to_json(self) -> dict[str, Any]:
        """Return the advice as a JSON object."""
        return {
            "currency": "USD",
            "region": self.region,
            "spot_share": self.fleet.share,
            "cost_per_vcpu_hour": self.fleet.cost,
            "on_demand_cost_per_vcpu_hour": self.fleet.on_demand_cost,
            "price_volatility": self.price_volatility,
            "pools": [pool._asdict() for pool in self.pools],
            "issues": [issue.to_json() for issue in self.issues],
        }


def plan_spot_fleet(
    catalog: PriceCatalog,
    region: str,
    instance_types: Sequence[str],
    *,
    restart: RestartModel | None = None,
    highest_share: float = 0.5,
    shortage_cost: float = 0.0,
    spare: float = 0.0,
) -> SpotPlan:
    """Return how to run a fleet on spot.

    Args:
        catalog: prices, history and interruption buckets.
        region: AWS region.
        instance_types: types the workload can run on; Linux.
        restart: what an interruption of one instance costs.
        highest_share: largest part of the spot capacity in one pool: lost at once if it goes.
        shortage_cost: USD per hour and missing vCPU beyond the spare ones.
        spare: share of the fleet that can be missing without harm.

    Raises:
        BadInputError: no type, or too few pools with a spot price for the limit.
    """
    types = list(dict.fromkeys(instance_types))
    if not types:
        raise BadInputError("name at least one instance type for the spot fleet")
    facts = _pool_facts(catalog, region, types)
    model = restart or RestartModel()
    rate = interruption_rate(facts["bucket"].fillna(4).astype(int))
    effective = effective_spot_price(facts["spot"].to_numpy(), rate, model)
    vcpus = facts["vcpus"].to_numpy(dtype=np.float64)
    share = diversified_shares(effective / vcpus, highest_share)
    history = _history(catalog, region, types)
    statistics = spot_prices(history)
    used = share > 0.0
    lost, chance = _losses(share[used], rate[used], model)
    fleet = optimal_spot_share(
        float(share[used] @ (facts["on_demand"].to_numpy() / vcpus)[used]),
        float(share[used] @ (effective / vcpus)[used]),
        lost,
        shortage_cost=shortage_cost,
        spare=spare,
        weight=chance,
    )
    pools = [
        SpotPool(*values)
        for values in zip(
            types, vcpus.tolist(), facts["spot"].tolist(), facts["on_demand"].tolist(),
            statistics.mean.tolist(), statistics.volatility.tolist(),
            facts["label"].fillna("unknown").tolist(), effective.tolist(), share.tolist(),
            strict=True,
        )
    ]  # fmt: skip
    volatility = _mix_volatility(history[:, used], share[used])
    return SpotPlan(region, pools, fleet, volatility, _issues(facts, types))


def _pool_facts(catalog: PriceCatalog, region: str, types: list[str]) -> "pd.DataFrame":
    """Return spot and on-demand price, vCPU and interruption bucket of each type, NaN unknown."""
    import pandas as pd

    spot = catalog.spot(region).to_pandas()
    spot = spot[spot["x_Operation"].astype(str) == _LINUX]
    advisor = catalog.spot_interruption(region).to_pandas()
    advisor = advisor[advisor["x_OperatingSystem"].astype(str) == "Linux"]
    hardware = catalog.hardware().to_pandas()
    count = len(types)
    match = catalog.match(
        ["AmazonEC2"] * count, [region] * count, [f"BoxUsage:{name}" for name in types],
        [_LINUX] * count,
    )  # fmt: skip
    price = match.tiers.unit_price
    first = match.tiers.first[:-1]
    on_demand = [float(price[first[sku]]) if sku >= 0 else np.nan for sku in match.sku]

    def by_type(frame: "pd.DataFrame", key: str, value: str) -> "pd.Series[Any]":
        column = frame.drop_duplicates(key).set_index(frame[key].drop_duplicates().astype(str))
        return column[value].reindex(types)

    facts = pd.DataFrame(
        {
            "spot": by_type(spot, "x_InstanceType", "ListUnitPrice"),
            "bucket": by_type(advisor, "x_InstanceType", "x_InterruptionBucket"),
            "label": by_type(advisor, "x_InstanceType", "x_InterruptionLabel").astype(object),
            "vcpus": by_type(hardware, "instance_type", "vcpus"),
        },
        index=types,
    )
    return facts.assign(on_demand=on_demand)


def _history(catalog: PriceCatalog, region: str, types: list[str]) -> Floats:
    """Return monthly mean prices (o, i); NaN where a pool was not observed."""
    rows = catalog.spot_history(region).to_pandas()
    rows = rows.assign(
        x_InstanceType=rows["x_InstanceType"].astype(str), x_Month=rows["x_Month"].astype(str)
    )
    wanted = rows[rows["x_InstanceType"].isin(types)]
    table = wanted.pivot_table(
        index="x_Month", columns="x_InstanceType", values="x_MeanUnitPrice"
    ).reindex(columns=types)
    observed = table.to_numpy(dtype=np.float64)
    return observed if len(observed) else np.full((1, len(types)), np.nan)


def _losses(share: Floats, rate: Floats, restart: RestartModel) -> tuple[Floats, Floats]:
    """Return the part of the spot capacity lost in each scenario: no pool, or one of them.

    A pool that is reclaimed is missing until its work runs elsewhere, an hour at least.
    """
    hours = max(restart.restart_hours, 1.0)
    chance = np.minimum(rate * hours, 1.0)
    none = max(1.0 - float(chance.sum()), 0.0)
    return np.append(0.0, share), np.append(none, chance)


def _mix_volatility(history: Floats, share: Floats) -> float:
    """Return the volatility of the mix from months in which every pool was observed."""
    whole = history[~np.isnan(history).any(axis=1)]
    if len(whole) < 3:
        return float("nan")
    change = np.diff(np.log(whole), axis=0)
    covariance = np.atleast_2d(np.cov(change, rowvar=False))
    return diversified_volatility(share, covariance)


def _issues(facts: "pd.DataFrame", types: list[str]) -> list[Issue]:
    issues = []
    for column, text in (
        ("spot", "no spot price: left out"),
        ("vcpus", "unknown hardware: left out"),
        ("on_demand", "no on-demand price to compare with"),
        ("bucket", "no interruption bucket: the highest is assumed"),
    ):
        missing = [name for name in types if facts[column].isna()[name]]
        reason = IssueReason.APPROXIMATION if column == "bucket" else IssueReason.NO_SKU
        issues += [Issue(reason, name, text) for name in missing]
    return issues
