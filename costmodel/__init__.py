"""What will it cost on AWS, why did the bill rise, and what should change.

Public names load on first use, so that ``import costmodel`` costs milliseconds.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from costmodel.bill.analysis.change import explain_change as explain_change
    from costmodel.bill.analysis.tagging import untagged_costs as untagged_costs
    from costmodel.bill.analysis.unit_cost import Units as Units
    from costmodel.bill.analysis.unit_cost import paid_unit_prices as paid_unit_prices
    from costmodel.bill.analysis.unit_cost import unit_costs as unit_costs
    from costmodel.bill.analysis.virtual_tags import allocate as allocate
    from costmodel.bill.analysis.virtual_tags import parse_virtual_tag as parse_virtual_tag
    from costmodel.bill.check.report import BillCheck as BillCheck
    from costmodel.bill.engines.spark import start_spark as start_spark
    from costmodel.bill.engines.transpile import transpile_query as transpile_query
    from costmodel.bill.generate.catalog_prices import catalog_price_table as catalog_price_table
    from costmodel.bill.generate.plan import BillSettings as BillSettings
    from costmodel.bill.query import Bill as Bill
    from costmodel.bill.reprice.repricing import reconcile as reconcile
    from costmodel.bill.reprice.scenario import BillScenario as BillScenario
    from costmodel.bill.reprice.scenario import parse_bill_scenario as parse_bill_scenario
    from costmodel.bill.reprice.what_if import WhatIf as WhatIf
    from costmodel.bill.summary import BillSummary as BillSummary
    from costmodel.budget.alert import Alert as Alert
    from costmodel.budget.anomalies import AnomalyReport as AnomalyReport
    from costmodel.budget.check import BudgetReport as BudgetReport
    from costmodel.budget.model import Budget as Budget
    from costmodel.budget.outlook import Outlook as Outlook
    from costmodel.catalog.catalog import PriceCatalog as PriceCatalog
    from costmodel.catalog.catalog import RateMatch as RateMatch
    from costmodel.compare import Comparison as Comparison
    from costmodel.engine.anomaly import Sensitivity as Sensitivity
    from costmodel.errors import BadInputError as BadInputError
    from costmodel.errors import CostModelError as CostModelError
    from costmodel.errors import IncompleteEstimateError as IncompleteEstimateError
    from costmodel.errors import Issue as Issue
    from costmodel.errors import IssueReason as IssueReason
    from costmodel.estimate.estimate import require_complete as require_complete
    from costmodel.estimate.explain import Explanation as Explanation
    from costmodel.estimate.result import Estimate as Estimate
    from costmodel.io.budget_files import read_budgets as read_budgets
    from costmodel.io.bundled import find_example as find_example
    from costmodel.io.catalog_store import load_catalog as load_catalog
    from costmodel.io.delivery.destination import read_destinations as read_destinations
    from costmodel.io.delivery.outbox import Outbox as Outbox
    from costmodel.io.delivery.outbox import open_outbox as open_outbox
    from costmodel.io.delivery.receiver.receive import SnsReceiver as SnsReceiver
    from costmodel.io.delivery.worker import deliver_pending as deliver_pending
    from costmodel.io.delivery.worker import run_worker as run_worker
    from costmodel.io.focus_writer import write_focus as write_focus
    from costmodel.io.generated_bill import generate_bill as generate_bill
    from costmodel.io.iac.reader import read_plan as read_plan
    from costmodel.io.iac.reader import read_spec as read_spec
    from costmodel.io.inventory.live import collect_inventory as collect_inventory
    from costmodel.io.inventory.metric_files import read_metric_files as read_metric_files
    from costmodel.io.inventory.policy import inventory_policy as inventory_policy
    from costmodel.io.inventory.s3_files import read_s3_inventory as read_s3_inventory
    from costmodel.io.inventory.s3_files import read_storage_lens as read_storage_lens
    from costmodel.io.inventory.saved import read_saved_answers as read_saved_answers
    from costmodel.io.inventory.store import read_inventory as read_inventory
    from costmodel.optimize.commitments.held import HeldCommitment as HeldCommitment
    from costmodel.optimize.commitments.result import CommitmentPlan as CommitmentPlan
    from costmodel.optimize.commitments.settings import CommitmentChoice as CommitmentChoice
    from costmodel.optimize.commitments.settings import Uncertainty as Uncertainty
    from costmodel.optimize.commitments.simulate import (
        CommitmentSimulation as CommitmentSimulation,
    )
    from costmodel.optimize.inventory import Inventory as Inventory
    from costmodel.optimize.inventory import merge_inventories as merge_inventories
    from costmodel.optimize.realised import RealisedSavings as RealisedSavings
    from costmodel.optimize.recommendation import Recommendations as Recommendations
    from costmodel.optimize.spot import SpotPlan as SpotPlan
    from costmodel.optimize.spot import plan_spot_fleet as plan_spot_fleet
    from costmodel.usage.scenario import Scenario as Scenario
    from costmodel.usage.spec import ArchitectureSpec as ArchitectureSpec
    from costmodel.usage.spec import Resource as Resource
    from costmodel.verbs.architectures import diff as diff
    from costmodel.verbs.architectures import estimate as estimate
    from costmodel.verbs.architectures import explain as explain
    from costmodel.verbs.bills import check_bill as check_bill
    from costmodel.verbs.bills import import_bill as import_bill
    from costmodel.verbs.bills import read_bill as read_bill
    from costmodel.verbs.bills import what_if as what_if
    from costmodel.verbs.commitments import measure_coverage as measure_coverage
    from costmodel.verbs.commitments import plan_commitments as plan_commitments
    from costmodel.verbs.commitments import simulate_commitments as simulate_commitments
    from costmodel.verbs.follow import follow_recommendations as follow_recommendations
    from costmodel.verbs.follow import realised_savings as realised_savings
    from costmodel.verbs.recommend import recommend as recommend
    from costmodel.verbs.spend import anomalies as anomalies
    from costmodel.verbs.spend import check_budgets as check_budgets
    from costmodel.verbs.spend import forecast as forecast
    from costmodel.verbs.spend import send_anomaly_alerts as send_anomaly_alerts
    from costmodel.verbs.spend import send_budget_alerts as send_budget_alerts

# public name -> module that defines it
_PUBLIC = {
    "SpotPlan": "costmodel.optimize.spot",
    "plan_spot_fleet": "costmodel.optimize.spot",
    "CommitmentPlan": "costmodel.optimize.commitments.result",
    "CommitmentSimulation": "costmodel.optimize.commitments.simulate",
    "HeldCommitment": "costmodel.optimize.commitments.held",
    "CommitmentChoice": "costmodel.optimize.commitments.settings",
    "Uncertainty": "costmodel.optimize.commitments.settings",
    "plan_commitments": "costmodel.verbs.commitments",
    "simulate_commitments": "costmodel.verbs.commitments",
    "measure_coverage": "costmodel.verbs.commitments",
    "Bill": "costmodel.bill.query",
    "BillCheck": "costmodel.bill.check.report",
    "check_bill": "costmodel.verbs.bills",
    "import_bill": "costmodel.verbs.bills",
    "BillSummary": "costmodel.bill.summary",
    "read_bill": "costmodel.verbs.bills",
    "Alert": "costmodel.budget.alert",
    "Budget": "costmodel.budget.model",
    "BudgetReport": "costmodel.budget.check",
    "AnomalyReport": "costmodel.budget.anomalies",
    "Outlook": "costmodel.budget.outlook",
    "Sensitivity": "costmodel.engine.anomaly",
    "read_budgets": "costmodel.io.budget_files",
    "forecast": "costmodel.verbs.spend",
    "anomalies": "costmodel.verbs.spend",
    "check_budgets": "costmodel.verbs.spend",
    "send_anomaly_alerts": "costmodel.verbs.spend",
    "send_budget_alerts": "costmodel.verbs.spend",
    "Comparison": "costmodel.compare",
    "Estimate": "costmodel.estimate.result",
    "ArchitectureSpec": "costmodel.usage.spec",
    "Resource": "costmodel.usage.spec",
    "estimate": "costmodel.verbs.architectures",
    "diff": "costmodel.verbs.architectures",
    "explain": "costmodel.verbs.architectures",
    "require_complete": "costmodel.estimate.estimate",
    "BillSettings": "costmodel.bill.generate.plan",
    "catalog_price_table": "costmodel.bill.generate.catalog_prices",
    "generate_bill": "costmodel.io.generated_bill",
    "explain_change": "costmodel.bill.analysis.change",
    "allocate": "costmodel.bill.analysis.virtual_tags",
    "parse_virtual_tag": "costmodel.bill.analysis.virtual_tags",
    "untagged_costs": "costmodel.bill.analysis.tagging",
    "unit_costs": "costmodel.bill.analysis.unit_cost",
    "paid_unit_prices": "costmodel.bill.analysis.unit_cost",
    "Units": "costmodel.bill.analysis.unit_cost",
    "reconcile": "costmodel.bill.reprice.repricing",
    "WhatIf": "costmodel.bill.reprice.what_if",
    "what_if": "costmodel.verbs.bills",
    "BillScenario": "costmodel.bill.reprice.scenario",
    "parse_bill_scenario": "costmodel.bill.reprice.scenario",
    "write_focus": "costmodel.io.focus_writer",
    "start_spark": "costmodel.bill.engines.spark",
    "transpile_query": "costmodel.bill.engines.transpile",
    "BadInputError": "costmodel.errors",
    "CostModelError": "costmodel.errors",
    "IncompleteEstimateError": "costmodel.errors",
    "Issue": "costmodel.errors",
    "IssueReason": "costmodel.errors",
    "PriceCatalog": "costmodel.catalog.catalog",
    "RateMatch": "costmodel.catalog.catalog",
    "load_catalog": "costmodel.io.catalog_store",
    "Inventory": "costmodel.optimize.inventory",
    "Recommendations": "costmodel.optimize.recommendation",
    "recommend": "costmodel.verbs.recommend",
    "follow_recommendations": "costmodel.verbs.follow",
    "realised_savings": "costmodel.verbs.follow",
    "RealisedSavings": "costmodel.optimize.realised",
    "collect_inventory": "costmodel.io.inventory.live",
    "inventory_policy": "costmodel.io.inventory.policy",
    "merge_inventories": "costmodel.optimize.inventory",
    "read_inventory": "costmodel.io.inventory.store",
    "read_metric_files": "costmodel.io.inventory.metric_files",
    "read_s3_inventory": "costmodel.io.inventory.s3_files",
    "read_storage_lens": "costmodel.io.inventory.s3_files",
    "read_saved_answers": "costmodel.io.inventory.saved",
    "Outbox": "costmodel.io.delivery.outbox",
    "open_outbox": "costmodel.io.delivery.outbox",
    "read_destinations": "costmodel.io.delivery.destination",
    "deliver_pending": "costmodel.io.delivery.worker",
    "run_worker": "costmodel.io.delivery.worker",
    "SnsReceiver": "costmodel.io.delivery.receiver.receive",
    "read_plan": "costmodel.io.iac.reader",
    "find_example": "costmodel.io.bundled",
    "Scenario": "costmodel.usage.scenario",
    "Explanation": "costmodel.estimate.explain",
    "read_spec": "costmodel.io.iac.reader",
}

__version__ = "0.1.0"
__all__ = ["__version__", *_PUBLIC]


def __getattr__(name: str) -> Any:
    """Load a public name on first use (PEP 562)."""
    if name not in _PUBLIC:
        raise AttributeError(f"module 'costmodel' has no attribute {name!r}")
    value = getattr(import_module(_PUBLIC[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)


class _Package(ModuleType):
    """Keeps ``costmodel.estimate`` the function when the module of that name is imported."""

    def __setattr__(self, name: str, value: Any) -> None:
        # The import system binds a submodule on its parent; a public function of that name wins.
        if isinstance(value, ModuleType) and name in _PUBLIC:
            return
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
