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


def test_explain_of_an_unknown_address_names_the_nearest() -> None:
    estimate = estimate_spec(spec(widget("web")), catalog())

    with pytest.raises(BadInputError, match=r"did you mean aws_widget\.web"):
        explain_resource(estimate, "aws_widget.wbe")
