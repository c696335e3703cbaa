"""Every worked example of every service sheet, to the cent; and what every sheet must have."""

import math

import pytest

import costmodel
from costmodel.estimate.estimate import estimate_spec
from costmodel.estimate.result import Estimate
from costmodel.io.iac.cloudformation.properties import type_mapping
from costmodel.units import canonical_unit
from costmodel.usage.spec import ArchitectureSpec, Resource

CATALOG = costmodel.load_catalog()
KINDS = [
    (service, sheet) for service in CATALOG.sheets.services for sheet in service.resources.values()
]
EXAMPLES = [
    pytest.param(sheet.type, example, id=f"{service.file}:{sheet.type}:{number}")
    for service, sheet in KINDS
    for number, example in enumerate(sheet.examples)
]


def references_in(inputs, known):
    """Return attribute → addresses for every text that is another resource's address."""
    found = {}

    def walk(prefix, value):
        if isinstance(value, dict):
            for key, inner in value.items():
                walk(f"{prefix}.{key}" if prefix else key, inner)
        elif isinstance(value, list):
            for inner in value:
                walk(prefix, inner)
        elif isinstance(value, str) and value in known:
            found.setdefault(prefix, []).append(value)

    walk("", inputs)
    return found


def estimate_example(kind, example) -> Estimate:
    address = f"{kind}.example"
    others = dict(example.resources)
    known = {address, *others}
    resources = [
        Resource(
            address, kind, inputs=example.inputs, references=references_in(example.inputs, known)
        )
    ]
    resources += [
        Resource(name, name.split(".")[0], inputs=inputs, references=references_in(inputs, known))
        for name, inputs in others.items()
    ]
    return estimate_spec(ArchitectureSpec(resources, region=example.region), CATALOG)


@pytest.mark.parametrize(("kind", "example"), EXAMPLES)
def test_a_worked_example_costs_what_its_source_says(kind, example) -> None:
    estimate = estimate_example(kind, example)

    own = [
        (" / ".join([*path, name]), cost, effective)
        for number, path, name, cost, effective in zip(
            estimate.usage.resource,
            estimate.usage.path,
            estimate.usage.name,
            estimate.list_cost,
            estimate.effective_cost,
            strict=True,
        )
        if number == 0
    ]
    listed: dict[str, float] = {}
    effective: dict[str, float] = {}
    for name, cost, bought in own:
        if not math.isnan(cost):
            listed[name] = listed.get(name, 0.0) + cost
        if not math.isnan(bought):
            effective[name] = effective.get(name, 0.0) + bought
    expected = dict(example.list_cost)
    # Lines of zero cost may be left out of an example.
    assert {k: round(v, 4) for k, v in listed.items() if k in expected or abs(v) > 0.005} == (
        pytest.approx(expected, abs=0.00501)
    ), [issue.message for issue in estimate.issues]
    for name, cost in example.effective_cost.items():
        assert effective[name] == pytest.approx(cost, abs=0.00501)


@pytest.mark.parametrize(("kind", "example"), EXAMPLES)
def test_a_meter_counts_in_the_unit_of_its_price(kind, example) -> None:
    estimate = estimate_example(kind, example)

    units = [sku.pricing_unit for sku in estimate.prices.skus]
    differing = {
        (str(name), str(unit), units[sku])
        for name, unit, sku in zip(
            estimate.usage.name, estimate.usage.unit, estimate.prices.sku, strict=True
        )
        # A few price rows carry no unit: nothing to compare with.
        if sku >= 0 and units[sku] and canonical_unit(unit) != canonical_unit(units[sku])
    }
    assert differing == set()


@pytest.mark.parametrize(("kind", "example"), EXAMPLES)
def test_a_worked_example_has_no_unpriced_line_it_does_not_name(kind, example) -> None:
    estimate = estimate_example(kind, example)

    usage = estimate.usage
    rows = zip(usage.path, usage.name, estimate.prices.sku, usage.is_usage_based, strict=True)
    unpriced = [
        " / ".join([*path, name]) for path, name, sku, open_ in rows if sku < 0 and not open_
    ]
    assert sorted(unpriced) == sorted(example.unpriced), [i.message for i in estimate.issues]
    assert estimate.coverage.unpriced_lines == len(unpriced)


# Parts that only other kinds use are tried through those.
@pytest.mark.parametrize(
    "sheet", [pytest.param(s, id=s.type) for _, s in KINDS if not s.hidden and s.meters]
)
def test_a_kind_has_two_examples_one_outside_us_east_1(sheet) -> None:
    regions = {example.region for example in sheet.examples}

    assert len(sheet.examples) >= 2
    assert regions - {"us-east-1"}


@pytest.mark.parametrize("sheet", [pytest.param(sheet, id=sheet.type) for _, sheet in KINDS])
def test_children_name_kinds_and_inputs_that_exist(sheet) -> None:
    for child in sheet.children:
        kind = CATALOG.sheets.get_kind(child.resource)
        assert kind is not None, child.resource
        assert set(child.inputs) <= set(kind.sheet.inputs), child.path


@pytest.mark.parametrize(
    ("service", "sheet"),
    [
        pytest.param(service, sheet, id=sheet.type)
        for service, sheet in KINDS
        if sheet.cloudformation
    ],
)
def test_the_cloudformation_type_of_a_kind_is_read_as_that_kind(service, sheet) -> None:
    mapping = type_mapping(sheet.cloudformation)

    names = {mapping.terraform, *mapping.variants.values()}
    assert sheet.type in {service.aliases.get(name, name) for name in names}
