"""Figures of bills carry the bill's numbers."""

from datetime import UTC, datetime
from decimal import Decimal

import numpy as np

from costmodel.bill.summary import BillSummary
from costmodel.report.figures_bill import hour_heat_map, stacked_area, treemap, waterfall

JAN_1, JAN_2 = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)


def summary(columns: tuple[str, ...], rows: list[tuple]) -> BillSummary:
    costs = [(*row[:-1], Decimal(str(row[-1]))) for row in rows]
    return BillSummary(columns, ("EffectiveCost",), costs, "USD", "daily")


def test_bands_are_zero_where_a_group_has_no_cost_and_the_largest_is_first() -> None:
    figure = stacked_area(
        summary(("ChargePeriodStart", "ServiceName"),
                [(JAN_1, "A", 1), (JAN_1, "B", 5), (JAN_2, "B", 6)])
    )  # fmt: skip

    assert [band.name for band in figure.data] == ["B", "A"]
    assert list(figure.data[1].y) == [1.0, 0.0]


def test_rectangles_nest_and_add_up_without_credits() -> None:
    figure = treemap(
        summary(("ServiceName", "x_UsageType"), [("A", "x", 3), ("A", "y", 1), ("B", None, -2)])
    )

    (tree,) = figure.data
    sizes = dict(zip(tree.ids, tree.values, strict=True))
    assert sizes == {"total": 4.0, "total/A": 4.0, "total/A/x": 3.0, "total/A/y": 1.0}


def test_hours_are_means_over_weeks() -> None:
    thursday, next_thursday = (
        datetime(2026, 1, 1, 5, tzinfo=UTC),
        datetime(2026, 1, 8, 5, tzinfo=UTC),
    )
    figure = hour_heat_map(summary(("ChargePeriodStart",), [(thursday, 1), (next_thursday, 3)]))

    cells = np.array(figure.data[0].z, dtype=float)
    assert cells[3, 5] == 2.0
    assert np.isnan(cells).sum() == 7 * 24 - 1


def test_a_waterfall_starts_and_ends_at_the_totals() -> None:
    (trace,) = waterfall("Jan", 10.0, [("Price", 2.0), ("Mix", -1.0)], "Feb", 11.0).data

    assert list(trace.y) == [10.0, 2.0, -1.0, 11.0]
    assert list(trace.measure) == ["absolute", "relative", "relative", "total"]


def test_a_waterfall_names_months_as_categories_and_shows_small_steps() -> None:
    figure = waterfall("2026-05", 1000.0, [("Price", 10.0), ("Mix", -5.0)], "2026-06", 1005.0)

    assert figure.layout.xaxis.type == "category"
    # levels 1000 … 1010: from 1.5 steps beneath the lowest
    assert figure.layout.yaxis.range == (985.0, 1013.0)


def test_a_waterfall_without_steps_shows_the_whole_amount() -> None:
    low, high = waterfall("a", 5.0, [], "b", 5.0).layout.yaxis.range

    assert (low, high) == (0.0, 6.0)


def test_costs_that_fall_are_green_and_costs_that_rise_red() -> None:
    (trace,) = waterfall("a", 9.0, [("Price", 2.0), ("Mix", -1.0)], "b", 10.0).data

    assert trace.decreasing.marker.color == "#2e8b57"
    assert trace.increasing.marker.color == "#c0392b"


def test_a_waterfall_of_large_steps_begins_at_zero() -> None:
    figure = waterfall("a", 1.0, [("Price", 99.0)], "b", 100.0)

    assert figure.layout.yaxis.range[0] == 0.0
