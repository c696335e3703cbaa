"""AWS's own recommendation and utilisation, read and compared."""

import json

import numpy as np
import pytest

from costmodel.errors import BadInputError
from costmodel.optimize.commitments.advice import (
    Advice,
    compare_advice,
    parse_advice,
    parse_utilization,
)
from costmodel.optimize.commitments.usage import read_usage
from tests.unit.optimize.commitments.catalog_of_two_families import FewRates, charges


@pytest.mark.parametrize(
    ("name", "plan_type", "term", "commitment"),
    [
        ("compute", "Compute", "3yr", 1.5),
        ("database", "Database", "1yr", 12.5),
        ("sagemaker", "SageMaker", "1yr", 8.95),
    ],
)
def test_a_recommendation_is_read(sample, name, plan_type, term, commitment) -> None:
    payload = json.loads(sample(f"savings-plans-api/recommendation_{name}_sp.json").read_text())

    (advice,) = parse_advice(payload, name)

    assert (advice.plan_type, advice.term, advice.commitment) == (plan_type, term, commitment)


def test_reported_utilisation_adds_up(sample) -> None:
    path = sample("savings-plans-api/get_savings_plans_utilization.json")

    total = parse_utilization(json.loads(path.read_text()), path.name)

    # Figures are rounded to cents per day.
    assert total.used + total.unused == pytest.approx(total.committed, abs=0.5)
    assert 0.8 < total.utilization < 1.0


def _advice(commitment, **changes):
    values = {
        "plan_type": "Compute", "term": "1yr", "payment": "No Upfront", "family": "", "region": "",
        "commitment": commitment, "estimated_monthly_saving": 0.0, "estimated_utilization": 1.0,
    }  # fmt: skip
    return Advice(**{**values, **changes})


@pytest.mark.parametrize(
    ("commitment", "verdict"),
    [
        (0.75, "optimal"),
        (0.3, "commits less"),
        (0.8, "commits more"),
        (1.2, "more than on-demand"),
    ],
)
def test_advice_is_judged_by_simulation(commitment, verdict) -> None:
    usage = read_usage(charges({"BoxUsage:m5.large": [10.0] * 48}))

    (comparison,) = compare_advice(usage, [_advice(commitment)], FewRates())

    assert comparison.optimal_commitment == pytest.approx(0.75)
    assert comparison.optimal_cost == pytest.approx(48 * 0.75)
    assert comparison.on_demand_cost == pytest.approx(48.0)
    assert verdict in comparison.verdict


def test_advice_on_a_family_counts_that_family_only() -> None:
    usage = read_usage(charges({"BoxUsage:m5.large": [10.0], "BoxUsage:c5.large": [10.0]}))
    advice = _advice(0.65, plan_type="EC2Instance", family="m5", region="us-east-1")

    (comparison,) = compare_advice(usage, [advice], FewRates())

    assert comparison.advised_cost == pytest.approx(0.65 + 0.8)


def test_advice_without_rates_is_not_simulated() -> None:
    usage = read_usage(charges({"BoxUsage:m5.large": [10.0]}))

    (comparison,) = compare_advice(usage, [_advice(1.0, plan_type="Database")], FewRates())

    assert np.isnan(comparison.advised_cost)
    assert "not simulated" in comparison.verdict


def test_other_json_is_named() -> None:
    with pytest.raises(BadInputError, match="no SavingsPlansPurchaseRecommendation"):
        parse_advice({}, "file")
    with pytest.raises(BadInputError, match="lacks or garbles 'SavingsPlansType'"):
        parse_advice(
            {
                "SavingsPlansPurchaseRecommendation": {
                    "SavingsPlansPurchaseRecommendationDetails": [{}]
                }
            },
            "file",
        )
    with pytest.raises(BadInputError, match="a period lacks"):
        parse_utilization({"SavingsPlansUtilizationsByTime": [{}]}, "file")
