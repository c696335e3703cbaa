"""What an issue says to do about a key without a price."""

import pytest

from costmodel.estimate.estimate import estimate_spec
from costmodel.estimate.remedy import Remedies
from costmodel.usage.spec import ArchitectureSpec
from tests.builders import SHEET, catalog, rate_table, spec, widget

RATES = [
    ("Widget:Small", "", "Hrs", [(0, 0.10)]),
    ("Box:m5.large", "Run:Linux", "Hrs", [(0, 0.10)]),
]


class TwoRegions:
    """A catalog in which Ireland lacks what Virginia sells."""

    services = ("Widgets",)
    regions = {"us-east-1": "", "eu-west-1": "EU"}  # noqa: RUF012 - a stand-in, never changed
    zones = ()

    def rates(self, service_code, regions):
        sold = RATES[:1] if "eu-west-1" in regions else RATES
        return rate_table(service_code, regions[0], sold)


@pytest.mark.parametrize(
    ("region", "usage_type", "operation", "says"),
    [
        ("us-east-1", "Widget:Smal", "", "; nearest there: Widget:Small"),
        ("us-east-1", "Box:M5.LARGE", "Run:Linux", "; nearest there: Box:m5.large"),
        (
            "us-east-1",
            "Box:m5.large",
            "Run:Windows",
            "; sold there with another operating system, engine or licence (Run:Linux)",
        ),
        (
            "eu-west-1",
            "Box:m5.large",
            "",
            "; us-east-1 has it: AWS does not offer it in eu-west-1, or the catalog lacks its price",
        ),
        ("eu-west-1", "Something else", "", ""),
        ("eu-nowhere-1", "Widget:Small", "", ""),
    ],
)
def test_a_remedy_names_what_is_nearest(region, usage_type, operation, says) -> None:
    remedy = Remedies(TwoRegions()).say("Widgets", region, usage_type, operation)

    assert remedy == says


def test_a_service_without_rates_is_said() -> None:
    remedy = Remedies(TwoRegions()).say("Gadgets", "us-east-1", "X", "")

    assert remedy == "; the catalog has no prices of this service"


def test_an_estimate_says_the_remedy() -> None:
    sheet = SHEET.replace(', values = ["small", "large"]', "")
    sheet = sheet.replace("Widget:{lookup(size, size)}", "Widget:{size}")

    estimate = estimate_spec(spec(widget(size="Smal")), catalog(sheet=sheet))

    assert estimate.issues[0].message.endswith("nearest there: Widget:Small")


def test_a_look_up_that_finds_nothing_says_what_was_asked() -> None:
    sheet = SHEET.replace(', values = ["small", "large"]', "")

    estimate = estimate_spec(spec(widget(size="huge")), catalog(sheet=sheet))

    assert estimate.issues[0].message == (
        "Hours (huge): nothing is priced for size 'huge'; check the value"
    )


def test_no_key_is_made_from_a_value_that_is_not_valid() -> None:
    sheet = SHEET.replace(
        "Widget:{lookup(size, size)}", "Widget:{'Large' if size == 'large' else 'Small'}"
    )
    two = ArchitectureSpec([widget("a", size="larg"), widget("b")], region="us-east-1")

    estimate = estimate_spec(two, catalog(sheet=sheet))

    hours = dict(zip(estimate.usage.resource, estimate.usage.usage_type, strict=True))
    assert estimate.list_total == pytest.approx(73.0)  # b's alone: 730 h at 0.10
    assert set(hours) == {0, 1}
    assert [issue.address for issue in estimate.issues] == ["aws_widget.a"]


def test_no_price_is_made_from_a_quantity_that_reads_a_value_that_is_not_valid() -> None:
    sheet = SHEET.replace(
        'quantity = "hours"', "quantity = \"hours * (2 if size == 'large' else 1)\""
    )
    sheet = sheet.replace("Widget:{lookup(size, size)}", "Widget:Small")

    estimate = estimate_spec(spec(widget(size="larg")), catalog(sheet=sheet))

    assert estimate.list_total == 0.0
    assert estimate.coverage.unpriced_lines == 1


@pytest.mark.parametrize("written", ["LARGE", " large ", "Large"])
def test_a_value_may_be_written_in_another_case(written) -> None:
    estimate = estimate_spec(spec(widget(size=written)), catalog())

    assert estimate.list_total == pytest.approx(182.5)  # 730 h at 0.25
    assert estimate.issues == []


def test_an_unknown_number_of_parts_is_said() -> None:
    sheet = SHEET.replace('count = "2"', 'count = "gb"')

    estimate = estimate_spec(spec(widget(part={"weight": 3})), catalog(sheet=sheet))

    assert "Weight: how many there are is not known" in [i.message for i in estimate.issues]


@pytest.mark.parametrize(
    ("usage_type", "operation", "says"),
    [
        ("Box", "", ": 0.1 or 0.2 or 0.3"),
        ("Box", "Run", ": 0.1 or 0.2"),
        ("Box", "Walk", ": 0.3"),
        ("Bag", "", ""),
    ],
)
def test_the_prices_of_an_ambiguous_key_are_said(usage_type, operation, says) -> None:
    class Sold:
        def rates(self, service_code, regions):
            rates = [("Box", "Run", "Hrs", [(0, 0.2)]), ("Box", "Run", "Hrs", [(0, 0.1)]),
                     ("Box", "Walk", "Hrs", [(0, 0.3)]), ("Can", "", "Hrs", [(0, 9.0)])]  # fmt: skip
            return rate_table(service_code, "us-east-1", rates)

    assert Remedies(Sold()).choices("Widgets", "us-east-1", usage_type, operation) == says


def test_only_so_many_keys_are_compared_with_what_is_sold() -> None:
    remedies = Remedies(TwoRegions())

    says = [remedies.say("Widgets", "us-east-1", f"Widget:Small{n}", "") for n in range(22)]

    assert says == ["; nearest there: Widget:Small"] * 20 + ["", ""]
    assert remedies.say("Widgets", "us-east-1", "Widget:Small0", "") == says[0]
