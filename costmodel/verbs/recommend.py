"""The public verb on savings: read what is named, then recommend."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

from costmodel.bill.query import Bill
from costmodel.catalog.catalog import PriceCatalog
from costmodel.errors import BadInputError
from costmodel.io.catalog_store import load_catalog
from costmodel.io.catalog_store.read import find_catalog
from costmodel.io.commitment_files import read_held
from costmodel.io.fact_files import read_facts
from costmodel.io.family_successors import read_family_successors
from costmodel.io.inventory.metric_files import read_metric_files
from costmodel.io.inventory.saved import read_saved_answers
from costmodel.io.inventory.store import read_inventory
from costmodel.io.kubernetes_files import read_kubernetes_files
from costmodel.io.rule_files import load_rules
from costmodel.optimize.billed_rows import bill_usage_table, billed_hours, billed_rows, read_shares
from costmodel.optimize.billed_usage import billed_inventory
from costmodel.optimize.commitments.held import HeldCommitment
from costmodel.optimize.found_columns import found_columns
from costmodel.optimize.given_columns import Fact, add_facts
from costmodel.optimize.hourly_bill import read_hourly_bill
from costmodel.optimize.iac_tables import iac_inventory
from costmodel.optimize.inventory import Inventory, merge_inventories
from costmodel.optimize.metric_owners import with_owners
from costmodel.optimize.outside_advice import weigh_evidence
from costmodel.optimize.recommend import Settings, recommend_changes
from costmodel.optimize.recommendation import Recommendations
from costmodel.optimize.related_cells import objects
from costmodel.optimize.rightsizing.search import Preferences
from costmodel.optimize.rule_scope import Scope
from costmodel.optimize.table_scope import build_scopes
from costmodel.verbs.architectures import Source, read_source
from costmodel.verbs.bills import read_bill
from costmodel.verbs.commitments import Held

Paths = str | Path | Sequence[str | Path]


def recommend(
    inventory: Inventory | str | Path | None = None,
    catalog: PriceCatalog | None = None,
    *,
    bill: Bill | Paths = (),
    metrics: Paths = (),
    evidence: Paths = (),
    kubernetes: Paths = (),
    facts: str | Path | None = None,
    iac: Source | None = None,
    region: str | None = None,
    as_of: date | None = None,
    settings: Settings | None = None,
    preferences: Preferences | None = None,
    held: Held = (),
) -> Recommendations:
    """Return the changes that save money, best order first, each dollar counted once.

    Args:
        inventory: an account's tables, or the folder ``inventory collect`` wrote.
        catalog: prices; the embedded catalog by default.
        bill: a bill or the paths of one: what is covered already saves nothing.
        metrics: files or folders of saved CloudWatch series.
        evidence: answers or exports of Compute Optimizer, Cost Optimization Hub, Trusted Advisor.
        kubernetes: answers of OpenCost or Kubecost: allocations and assets.
        facts: CSV file of what no API tells: resource_id and the names docs/rules.md lists.
        iac: Terraform, CloudFormation or a spec: what the code will create is checked.
        region: region of code that names none.
        as_of: day for which dated checks of code are made; the catalog's date by default.
        settings: thresholds and limits.
        preferences: headroom of right-sizing.
        held: commitments in force, or a file of them; those on the bill by default.

    Raises:
        BadInputError: nothing was given, or a file cannot be understood.
    """
    prices = catalog or load_catalog()
    parts = _collected(inventory, metrics, evidence, kubernetes)
    billed = bill if isinstance(bill, Bill) else None
    if not isinstance(bill, Bill) and (paths := _paths(bill)):
        billed = read_bill(*paths, catalog=prices)
    places: dict[str, list[str]] = {}
    if iac is not None:
        day = as_of or date.fromisoformat(prices.published)
        moment = datetime(day.year, day.month, day.day, tzinfo=UTC)
        spec = read_source(iac, prices, region=region)
        coded, places = iac_inventory(spec, load_rules().iac, moment)
        parts.append(coded)
    if billed is not None:
        currency = billed.currency_of(billed.filter(None))
        if currency not in ("", "USD"):
            raise BadInputError(f"the bill is in {currency}, but savings are priced in USD")
        parts.append(billed_inventory(billed))
    if not parts:
        raise BadInputError(
            "nothing to look at: give a bill, an inventory, metrics, evidence or IaC"
        )
    account = with_owners(merge_inventories(parts) if len(parts) > 1 else parts[0])
    said = {} if facts is None else read_facts(Path(facts))
    chosen = preferences or Preferences()
    present = read_held(held) if isinstance(held, str | Path) else list(held)
    return _recommend(account, billed, places, prices, settings, chosen, said, present)


def _collected(
    inventory: Inventory | str | Path | None, metrics: Paths, evidence: Paths, kubernetes: Paths
) -> list[Inventory]:
    """Return the tables of what was collected from an account."""
    parts = [inventory] if isinstance(inventory, Inventory) else []
    if isinstance(inventory, str | Path):
        parts.append(read_inventory(Path(inventory)))
    if paths := _paths(metrics):
        parts.append(read_metric_files(paths))
    if paths := _paths(evidence):
        parts.append(read_saved_answers(paths))
    if paths := _paths(kubernetes):
        parts.append(read_kubernetes_files(paths))
    return parts


def _paths(paths: Paths) -> list[Path]:
    return [Path(paths)] if isinstance(paths, str | Path) else [Path(path) for path in paths]


def _recommend(
    account: Inventory,
    bill: Bill | None,
    places: Mapping[str, Sequence[str]],
    catalog: PriceCatalog,
    settings: Settings | None,
    preferences: Preferences,
    facts: Mapping[str, Fact],
    held: Sequence[HeldCommitment],
) -> Recommendations:
    book = load_rules()
    rows = None if bill is None else billed_rows(bill)
    lines = None if rows is None else bill_usage_table(rows)
    hours = 0.0 if rows is None else billed_hours(rows)
    successors = read_family_successors(find_catalog())
    found = found_columns(account, catalog, successors, preferences, lines, hours)
    lost = add_facts(found, account, book, facts)
    for kind, listed in places.items():
        # Rows from code come last.
        live = account.table(kind).num_rows - len(listed)
        found.setdefault(kind, {})["source_location"] = objects([*[""] * live, *listed])
    account = replace(account, issues=(*account.issues, *lost))
    scopes = build_scopes(account, book, found, lines)
    result = recommend_changes(
        scopes,
        catalog,
        book,
        inventory=account,
        settings=settings,
        billed=None if rows is None else read_shares(rows),
        hourly=None if bill is None else read_hourly_bill(bill, catalog, _names(scopes), held),
    )
    return weigh_evidence(result, account)


def _names(scopes: Mapping[str, Scope]) -> set[str]:
    """Return every id by which a bill may know a resource of the inventory."""
    return {
        str(name)
        for scope in scopes.values()
        for column in ("resource_id", "arn")
        if column in scope
        for name in scope.full(column)
        if name
    }
