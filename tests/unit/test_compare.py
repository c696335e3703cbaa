"""Two estimates, line by line."""

import math

import pytest

from costmodel.compare import compare_estimates
from costmodel.estimate.estimate import estimate_spec
from costmodel.report.table import to_markdown
from tests.builders import catalog, spec, widget


def compared(before, after):
    return compare_estimates(estimate_spec(before, catalog()), estimate_spec(after, catalog()))


def test_a_change_is_told_line_by_line() -> None:
    result = compared(
        spec(widget("same", hours=1), widget("gone", hours=10), widget("more", hours=10)),
        spec(widget("same", hours=1), widget("new", hours=5), widget("more", hours=30)),
    )

    changes = {
        (d.address, d.line): (d.status, round(d.change, 6))
        for d in result.differences
        if not math.isnan(d.change)
    }
    assert changes == {
        ("aws_widget.same", "Hours (small)"): ("unchanged", 0.0),
        ("aws_widget.gone", "Hours (small)"): ("removed", -1.0),
        ("aws_widget.new", "Hours (small)"): ("added", 0.5),
        ("aws_widget.more", "Hours (small)"): ("changed", 2.0),
    }
    assert result.change == pytest.approx(1.5)
    assert result.to_json()["change"] == pytest.approx(1.5)
    assert len(result.table) == len(result.differences)
    assert repr(result) == "Comparison(+1.50 USD a month)"


def test_the_report_is_fit_for_a_pull_request() -> None:
    result = compared(spec(widget(hours=10)), spec(widget(hours=30)))

    text = to_markdown(result.report_tables()[0])

    assert "| ~ | aws_widget.a | Hours (small) | 1.00 | 3.00 | +2.00 |" in text
    assert result.figure().data[0].y[1] == pytest.approx(2.0)
    assert "<h1>Cost change</h1>" in result.to_html()
