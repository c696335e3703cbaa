"""What AWS says of a resource: agreement, dissent, findings of its own, dollars that stay its own."""

import json
from dataclasses import replace

import pytest

import costmodel
from costmodel.io.rule_files import load_rules
from costmodel.optimize.outside_advice import weigh_evidence
from costmodel.optimize.recommendation import Recommendation, Recommendations
from costmodel.report.recommendations import tickets
from tests.unit.optimize.rules.test_recommend import account, instance, series, volume

OWN_FIGURE = 999.0


def said(resource: str, action: str | None, **columns) -> dict:
    return {
        "resource_id": resource, "source": "CostOptimizationHub", "finding": action,
        "action": action, "monthly_savings_usd": OWN_FIGURE, "region_id": "us-east-1", **columns,
    }  # fmt: skip


def advice(*evidence: dict, memory: float | None = 20.0) -> Recommendations:
    """Return advice on an oversized instance and an unattached volume."""
    return costmodel.recommend(
        account(
            {
                "ec2_instances": [instance("i-1", "m5.2xlarge")],
                "ebs_volumes": [volume("vol-1", state="available")],
                **({"evidence": list(evidence)} if evidence else {}),
            },
            series("i-1", CPUUtilization=15.0, mem_used_percent=memory),
        )
    )


def of(result: Recommendations, resource: str):
    return next(r for r in result.accepted if r.resource_id == resource)


def findings(result: Recommendations) -> list[str]:
    return [a.resource_id for a in result.advisories if a.rule.id == "aws-finding"]


def test_agreement_raises_confidence_and_the_finding_is_not_listed_again() -> None:
    alone = of(advice(), "i-1")
    result = advice(said("i-1", "Rightsize", recommended="t3.large"))

    ours = of(result, "i-1")
    levels = ("low", "medium", "high")
    assert levels.index(ours.confidence) == min(levels.index(alone.confidence) + 1, 2)
    assert [o["agrees"] for o in ours.outside] == [True]
    assert findings(result) == []


def test_dissent_lowers_confidence_and_is_noted() -> None:
    alone = of(advice(), "i-1")
    optimized = said(
        "i-1", "Rightsize", source="ComputeOptimizer", finding="Optimized",
        monthly_savings_usd=None,
    )  # fmt: skip

    ours = of(advice(optimized), "i-1")

    levels = ("low", "medium", "high")
    assert levels.index(ours.confidence) == levels.index(alone.confidence) - 1
    assert ours.to_json()["outsideEvidence"][0]["agrees"] is False


def test_another_matter_changes_nothing() -> None:
    alone = of(advice(), "i-1")
    result = advice(said("i-1", "Stop"))

    assert of(result, "i-1").confidence == alone.confidence
    assert of(result, "i-1").outside[0]["agrees"] is None
    # We do not say stop: AWS's finding stays listed.
    assert findings(result) == ["i-1"]


def test_the_figure_of_aws_never_enters_our_total() -> None:
    without = advice()
    result = advice(said("i-1", "Rightsize"), said("i-unknown", "Stop"), said("vol-1", "Delete"))

    assert result.effective_saving == pytest.approx(without.effective_saving)
    assert result.list_saving == pytest.approx(result.cost_before - result.cost_after, abs=0.005)
    assert result.to_json()["estimatedTotalDedupedSavings"] < OWN_FIGURE
    (advisory,) = [a for a in result.advisories if a.rule.id == "aws-finding"]
    assert advisory.resource_id == "i-unknown"
    assert "not in our total: 999 USD" in advisory.why


def test_one_finding_of_several_sources_and_ranks_is_listed_once() -> None:
    result = advice(
        said("i-9", "Rightsize", source="ComputeOptimizer", rank=1.0, recommended="a"),
        said("i-9", "Rightsize", source="ComputeOptimizer", rank=2.0, recommended="b"),
        said("i-9", "Rightsize", rank=1.0, recommended="from the Hub"),
    )

    (advisory,) = [a for a in result.advisories if a.rule.id == "aws-finding"]
    assert "from the Hub" in advisory.why


@pytest.mark.parametrize("finding", ["Optimized", "ok", "not_available", "InsufficientMetrics"])
def test_findings_that_advise_nothing_are_not_listed(finding: str) -> None:
    assert findings(advice(said("i-9", "Rightsize", finding=finding))) == []


@pytest.mark.parametrize("key", ["arn", "cell", "name"])
def test_a_resource_is_known_by_arn_by_cells_and_by_name(key: str) -> None:
    arn = "arn:aws:ec2:us-east-1:1:instance/i-1"
    rows = {
        "arn": said("something else", "Rightsize", arn=arn),
        "cell": said(
            "hash", "Rightsize", source="TrustedAdvisor",
            details=json.dumps(["us-east-1a", "i-1", "web", "m5.2xlarge", "$12.00"]),
        ),
        "name": said("web-1", "Rightsize", source="TrustedAdvisor"),
    }  # fmt: skip
    result = costmodel.recommend(
        account(
            {"ec2_instances": [{**instance("i-1", "m5.2xlarge", arn=arn), "name": "web-1"}],
             "evidence": [rows[key]]},
            series("i-1", CPUUtilization=15.0),
        )
    )  # fmt: skip

    assert [o["agrees"] for o in of(result, "i-1").outside] == [True]


def test_the_same_name_in_another_region_is_another_resource() -> None:
    far = said("web-1", "Rightsize", source="TrustedAdvisor", region_id="eu-west-1")
    result = costmodel.recommend(
        account(
            {
                "ec2_instances": [{**instance("i-1", "m5.2xlarge"), "name": "web-1"}],
                "evidence": [far],
            },
            series("i-1", CPUUtilization=15.0),
        )
    )

    assert of(result, "i-1").outside == ()


def test_the_recorded_hub_answer_agrees_with_our_own_figure(sample) -> None:
    name = "test_ec2_costhub_resize_cost-optimization-hub.ListRecommendations_1.json"
    rows = [instance("i-000ce83ee0c70e572", "m5a.xlarge", region_id="us-east-2")]

    result = costmodel.recommend(
        account(
            {"ec2_instances": rows},
            series("i-000ce83ee0c70e572", CPUUtilization=10.0, mem_used_percent=60.0),
        ),
        evidence=sample(f"recorded-api/{name}"),
    )

    ours = of(result, "i-000ce83ee0c70e572")
    opinion = ours.outside[0]
    assert (opinion["agrees"], opinion["awsEstimatedMonthlySavings"]) == (True, 43.07)
    assert "CostOptimizationHub** agrees" in tickets(result)


def test_exports_alone_list_what_aws_found(sample) -> None:
    result = costmodel.recommend(evidence=sample("compute-optimizer-export"))

    assert result.accepted == []
    assert len(findings(result)) >= 3
    assert result.effective_saving == 0.0


@pytest.mark.parametrize(
    ("check", "agrees"),
    [("DAvU99Dc4C", True), ("arn:aws:trustedadvisor:::check/DAvU99Dc4C", True), ("other", None)],
)
def test_checks_of_trusted_advisor_say_what_they_want(check: str, agrees: bool | None) -> None:
    row = said("vol-1", None, source="TrustedAdvisor", finding="warning", check=check)

    assert of(advice(row), "vol-1").outside[0]["agrees"] is agrees


def test_a_purchase_is_known_by_what_is_bought() -> None:
    plan = said("rec-1", "PurchaseSavingsPlans")
    reserved = said("rec-2", "PurchaseReservedInstances")
    result = advice(plan, reserved)
    rule = load_rules().rule("cm-buy-sp")
    ours = Recommendation(rule, "Compute plan", "SavingsPlans", "0", "1", 10.0, 10.0, 100.0)

    weighed = weigh_evidence(
        replace(result, accepted=[ours]), account({"evidence": [plan, reserved]})
    )

    assert [o["resourceId"] for o in weighed.accepted[0].outside] == ["rec-1"]
    assert findings(weighed) == ["rec-2"]
