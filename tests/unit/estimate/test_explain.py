"""The working of a line, replayed from a catalog made by hand."""

import pytest

from costmodel.errors import BadInputError
from costmodel.estimate.estimate import estimate_spec
from costmodel.estimate.explain import explain_resource
from tests.builders import (
    catalog,
    spec,
    widget,
)


def test_explain_replays_the_number_down_to_its_tiers() -> None:
    estimate = estimate_spec(spec(widget("a", gb=80), widget("b", gb=120)), catalog())

    storage = next(
        x for x in explain_resource(estimate, "widget.b") if x.line["name"] == "Storage"
    )

    assert storage.formula == "gb"
    assert storage.readings == {"gb": 120.0}
    assert storage.pool_quantity == 200.0
    assert [(s.quantity, s.unit_price, s.cost) for s in storage.slices] == [
        (100.0, 0.02, pytest.approx(2.0)),
        (100.0, 0.01, pytest.approx(1.0)),
    ]
    assert storage.published == "2026-01-01"
    assert storage.to_json()["tiers"][1]["end_range"] is None


def test_a_tier_that_is_not_reached_is_not_shown_and_the_first_always_is() -> None:
    estimate = estimate_spec(
        spec(widget("a", gb=50), widget("b", gb=0)), catalog(), pool_tiers="resource"
    )

    inside, none = (
        next(x for x in explain_resource(estimate, name) if x.line["name"] == "Storage")
        for name in ("widget.a", "widget.b")
    )

    assert [(s.begin_range, s.quantity) for s in inside.slices] == [(0.0, 50.0)]
    assert [(s.begin_range, s.quantity) for s in none.slices] == [(0.0, 0.0)]


def test_the_working_of_unknown_usage_has_no_pool_and_no_slices() -> None:
    estimate = estimate_spec(spec(widget("a"), widget("b", requests=9)), catalog())

    unknown, given = (
        next(x for x in explain_resource(estimate, name) if x.line["name"] == "Requests")
        for name in ("widget.a", "widget.b")
    )

    assert unknown.to_json()["pool_quantity"] is None
    assert unknown.slices == []
    assert given.pool_quantity == 9.0


def test_explain_of_an_unknown_address_names_the_nearest() -> None:
    estimate = estimate_spec(spec(widget("web")), catalog())

    with pytest.raises(BadInputError, match=r"did you mean aws_widget\.web"):
        explain_resource(estimate, "aws_widget.wbe")


def test_the_working_replays_a_free_allowance_and_tiers_of_one_resource() -> None:
    allowance = {
        "service_code": "Widgets", "usage_types": ["Storage"], "quantity": 100, "kind": "always",
    }  # fmt: skip
    two = spec(widget("a", hours=0, gb=150), widget("b", hours=0, gb=50))

    free = estimate_spec(two, catalog(allowances=[allowance]), free_tier="always")
    alone = estimate_spec(two, catalog(), pool_tiers="resource")

    # 200 GB less 100 free, all in the first tier; alone 100 at 0.02 and 50 at 0.01
    (storage,) = [x for x in explain_resource(free, "widget.a") if x.line["name"] == "Storage"]
    assert [(s.quantity, s.unit_price) for s in storage.slices] == [(100.0, 0.02)]
    (storage,) = [x for x in explain_resource(alone, "widget.a") if x.line["name"] == "Storage"]
    assert [(s.quantity, s.unit_price) for s in storage.slices] == [(100.0, 0.02), (50.0, 0.01)]
