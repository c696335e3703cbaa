"""The public verb on savings: read what is named, then recommend."""

from collections.abc import Sequence
from pathlib import Path

from costmodel.bill.query import Bill
from costmodel.catalog.catalog import PriceCatalog
from costmodel.errors import BadInputError
from costmodel.io.bills.reader import open_bill
from costmodel.io.catalog_store import load_catalog
from costmodel.io.catalog_store.read import find_catalog
from costmodel.io.family_successors import read_family_successors
from costmodel.io.inventory.metric_files import read_metric_files
from costmodel.io.inventory.store import read_inventory
from costmodel.io.rule_files import load_rules
from costmodel.optimize.billed_usage import billed_inventory
from costmodel.optimize.inventory import Inventory, merge_inventories
from costmodel.optimize.recommend import Settings, recommend_changes
from costmodel.optimize.recommendation import Recommendations
from costmodel.optimize.related_columns import related_columns
from costmodel.optimize.rightsizing.search import Preferences
from costmodel.optimize.sizing_columns import sizing_columns
from costmodel.optimize.table_scope import build_scopes

Paths = str | Path | Sequence[str | Path]


def recommend(
    inventory: Inventory | str | Path | None = None,
    catalog: PriceCatalog | None = None,
    *,
    metrics: Paths = (),
    bill: Bill | Paths = (),
    settings: Settings | None = None,
    preferences: Preferences | None = None,
) -> Recommendations:
    """Return the changes that save money, best order first, each dollar counted once.

    Args:
        inventory: an account's tables, or the folder ``inventory collect`` wrote.
        catalog: prices; the embedded catalog by default.
        metrics: files or folders of saved CloudWatch series.
        bill: a bill, or its files: what it alone shows is looked at too.
        settings: thresholds and limits.
        preferences: headroom of right-sizing.

    Raises:
        BadInputError: nothing was given, or a file cannot be understood.
    """
    prices = catalog or load_catalog()
    parts = [inventory] if isinstance(inventory, Inventory) else []
    if isinstance(inventory, str | Path):
        parts.append(read_inventory(Path(inventory)))
    listed = [metrics] if isinstance(metrics, str | Path) else list(metrics)
    if listed:
        parts.append(read_metric_files([Path(path) for path in listed]))
    if isinstance(bill, Bill) or bill:
        parts.append(billed_inventory(_bill(bill, prices)))
    if not parts:
        raise BadInputError("nothing to look at: give a bill, an inventory, metrics or IaC")
    account = merge_inventories(parts) if len(parts) > 1 else parts[0]
    return _recommend(account, prices, settings, preferences or Preferences())


def _bill(bill: Bill | Paths, prices: PriceCatalog) -> Bill:
    if isinstance(bill, Bill):
        return bill
    paths = [bill] if isinstance(bill, str | Path) else list(bill)
    return open_bill(paths, prices.prefixes)


def _recommend(
    account: Inventory,
    catalog: PriceCatalog,
    settings: Settings | None,
    preferences: Preferences,
) -> Recommendations:
    book = load_rules()
    successors = read_family_successors(find_catalog())
    found = related_columns(account)
    for kind, columns in sizing_columns(account, catalog, successors, preferences).items():
        found.setdefault(kind, {}).update(columns)
    scopes = build_scopes(account, book, found)
    return recommend_changes(scopes, catalog, book, inventory=account, settings=settings)
