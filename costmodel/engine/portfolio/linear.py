"""The linear programme of a portfolio: the cheapest assignment, hence a bound on every bill.

Variables are the on-demand value each offer covers in each (clustered) hour and the commitments
to buy. The bound is computed here from the prices of commitment per hour, whatever solver found
them, so that it is proven by arithmetic and not by a solver's tolerance.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from costmodel.engine.coverage.commitments import Commitments
from costmodel.engine.portfolio.offers import Offers
from costmodel.engine.tiers import Floats, Ints
from costmodel.errors import CostModelError, MissingDependencyError

# Above this size interior point without crossover beats simplex several times over.
_INTERIOR_POINT_FROM = 20_000


class LinearSolution(NamedTuple):
    """The programme's answer."""

    quantity: Floats  # (p,) commitment of each offer
    lower_bound: float  # USD over the hours, new commitments and on-demand usage


class _Programme(NamedTuple):
    """Usage of r clustered hours, in on-demand value, and everything that may cover it."""

    value: Floats  # (r, k) USD per hour
    weight: Floats  # (r,) hours
    draw: Floats  # (q, k) commitment per USD of on-demand value; offers, then existing ones
    existing: Floats  # (r, q) commitment there already; 0 for offers
    price: Floats  # (p,) USD per hour and unit of commitment


class _Columns(NamedTuple):
    """One covering variable per (hour, plan, row) with usage."""

    hour: Ints
    plan: Ints
    row: Ints


def solve_linear_programme(
    usage: Floats,
    on_demand_rate: Floats,
    weight: Floats,
    offers: Offers,
    existing: Commitments | None = None,
) -> LinearSolution:
    """Return the cheapest commitments if usage could be assigned freely, and the lower bound.

    Args:
        usage: (r, k) usage of each clustered hour.
        on_demand_rate: (k,) USD per unit.
        weight: (r,) hours each cluster stands for.
        offers: what can be bought.
        existing: commitments already held, one quantity per clustered hour; their fees are sunk
            and not part of the bound.
    """
    programme = _programme(usage, on_demand_rate, weight, offers, existing)
    columns = _columns(programme)
    quantity, hour_price = _solve(programme, columns)
    return LinearSolution(quantity, _bound(programme, hour_price))


def _programme(
    usage: Floats,
    on_demand_rate: Floats,
    weight: Floats,
    offers: Offers,
    existing: Commitments | None,
) -> _Programme:
    draw = offers.draw
    held = np.zeros((len(usage), len(draw)))
    if existing is not None:
        draw = np.concatenate([draw, existing.draw])
        there = np.broadcast_to(existing.quantity, (len(usage), existing.quantity.shape[1]))
        held = np.concatenate([held, there], axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        per_value = np.where(on_demand_rate > 0.0, draw / on_demand_rate, np.nan)
    return _Programme(usage * on_demand_rate, weight, per_value, held, offers.price)


def _columns(programme: _Programme) -> _Columns:
    plan, row = np.nonzero(~np.isnan(programme.draw))
    hour, pair = np.nonzero(programme.value[:, row] > 0.0)
    return _Columns(hour, plan[pair], row[pair])


def _bound(programme: _Programme, hour_price: Floats) -> float:
    """Return the dual value of prices per unit of commitment in each hour, (r, q).

    Any prices >= 0 whose sum over the hours is at most an offer's fee give a lower bound: usage
    is then worth the least of its on-demand value and the priced commitment it would draw.
    """
    offers = len(programme.price)
    fee = programme.price * programme.weight.sum()
    total = hour_price[:, :offers].sum(axis=0)
    scale = np.minimum(1.0, np.divide(fee, total, out=np.ones_like(fee), where=total > 0.0))
    priced = np.concatenate([hour_price[:, :offers] * scale, hour_price[:, offers:]], axis=1)
    cheapest = np.repeat(programme.weight[:, None], programme.value.shape[1], axis=1)
    for plan, draw in enumerate(programme.draw):
        covers = ~np.isnan(draw)
        worth = np.outer(priced[:, plan], draw[covers])
        cheapest[:, covers] = np.minimum(cheapest[:, covers], worth)
    held_value = float((priced * programme.existing).sum())
    return float((programme.value * cheapest).sum()) - held_value


def _solve(programme: _Programme, columns: _Columns) -> tuple[Floats, Floats]:
    """Return the commitments (p,) and the price of commitment per hour and plan (r, q)."""
    hours, plans = programme.existing.shape
    offers = len(programme.price)
    if not offers or not len(columns.hour):
        return np.zeros(offers), np.zeros((hours, plans))
    solver, model = _highs_model(programme, columns)
    solver.passModel(model)
    solver.run()
    solution = solver.getSolution()
    if not solution.value_valid or not solution.dual_valid:
        status = solver.modelStatusToString(solver.getModelStatus())
        raise CostModelError(f"the portfolio programme was not solved: HiGHS says {status}")
    quantity = np.maximum(np.array(solution.col_value[-offers:]), 0.0)
    dual = np.array(solution.row_dual[-hours * plans :]).reshape(hours, plans)
    return quantity, np.maximum(-dual, 0.0)


def _highs_model(programme: _Programme, columns: _Columns) -> tuple[Any, Any]:
    """Build the programme for HiGHS, column by column.

    Rows: usage of each (hour, row), then commitment of each (hour, plan). Columns: the value
    covered, then the commitments bought.
    """
    try:
        import highspy
    except ImportError:
        raise MissingDependencyError("highspy", "optimize") from None
    hours, plans = programme.existing.shape
    rows, offers = programme.value.shape[1], len(programme.price)
    covering = len(columns.hour)
    usage_row = columns.hour * rows + columns.row
    commitment_row = hours * rows + columns.hour * plans + columns.plan
    offer_rows = hours * rows + np.arange(offers)[:, None] + np.arange(hours)[None, :] * plans

    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = covering + offers, hours * (rows + plans)
    model.col_cost_ = np.append(
        -programme.weight[columns.hour], programme.price * programme.weight.sum()
    )
    model.col_lower_ = np.zeros(covering + offers)
    model.col_upper_ = np.full(covering + offers, np.inf)
    model.row_lower_ = np.full(hours * (rows + plans), -np.inf)
    model.row_upper_ = np.append(programme.value.ravel(), programme.existing.ravel())
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_ = np.append(
        np.arange(covering + 1) * 2, 2 * covering + np.arange(1, offers + 1) * hours
    ).astype(np.int32)
    model.a_matrix_.index_ = np.append(
        np.stack([usage_row, commitment_row], axis=1).ravel(), offer_rows.ravel()
    ).astype(np.int32)
    drawn = programme.draw[columns.plan, columns.row]
    model.a_matrix_.value_ = np.append(
        np.stack([np.ones(covering), drawn], axis=1).ravel(), np.full(offers * hours, -1.0)
    )
    return _highs(highspy, covering), model


def _highs(highspy: Any, covering: int) -> Any:
    # The class behind highspy.Highs: that one prints a banner before it can be silenced.
    solver = highspy.Highs.__base__()
    solver.setOptionValue("output_flag", "false")
    if covering > _INTERIOR_POINT_FROM:
        solver.setOptionValue("solver", "ipm")
        solver.setOptionValue("run_crossover", "off")
    return solver


def cluster_means(value: npt.ArrayLike, label: Ints, weight: Floats) -> Floats:
    """Return the weighted mean row of each cluster, (r, …)."""
    rows = np.asarray(value, dtype=np.float64) * weight[:, None]
    order = np.argsort(label, kind="stable")
    count = np.bincount(label)
    first = np.cumsum(count) - count
    total = np.bincount(label, weights=weight)
    means: Floats = np.add.reduceat(rows[order], first, axis=0) / total[:, None]
    return means
