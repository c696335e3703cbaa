"""The public verbs on bills: read, import, check and re-price them."""

from collections.abc import Callable
from pathlib import Path

from costmodel.bill.check.report import BillCheck
from costmodel.bill.check.report import check_bill as verify
from costmodel.bill.query import Bill
from costmodel.bill.reprice.scenario import BillScenario
from costmodel.bill.reprice.what_if import WhatIf
from costmodel.bill.reprice.what_if import what_if as change_bill
from costmodel.catalog.catalog import PriceCatalog
from costmodel.io.bills.reader import import_bills, open_bill
from costmodel.io.bills.store_import import ImportResult
from costmodel.io.catalog_store import find_catalog, load_catalog
from costmodel.io.family_successors import read_family_successors


def read_bill(
    *paths: str | Path,
    catalog: PriceCatalog | None = None,
    columns: str | Path | None = None,
) -> Bill:
    """Return a bill of any format as one relation in FOCUS columns.

    Args:
        paths: files, folders, s3:// prefixes or a store; months of one bill may be given together.
        catalog: names the regions of usage types; the embedded catalog by default.
        columns: file that lists the columns of text without a header: a manifest, create-table.sql
            or a name a line; found by itself where one lies beside the text.

    Raises:
        BillError: a path does not exist or is no bill; the message says where and what to do.
    """
    prices = catalog or load_catalog()
    return open_bill(paths, prices.prefixes, None if columns is None else Path(columns))


def import_bill(
    *paths: str | Path,
    store: str | Path,
    catalog: PriceCatalog | None = None,
    progress: Callable[[float], None] | None = None,
    columns: str | Path | None = None,
) -> ImportResult:
    """Keep bills in a store of normalised Parquet; months delivered again are replaced whole.

    Args:
        paths: files, folders, manifests or s3:// prefixes.
        store: folder of the store, made if need be; ``read_bill`` reads it.
        catalog: names the regions of usage types; the embedded catalog by default.
        progress: called with the share done, 0 to 1.
        columns: as for ``read_bill``.

    Raises:
        BillError: a file is wrong; nothing of its month is half imported.
    """
    prices = catalog or load_catalog()
    return import_bills(
        paths,
        Path(store),
        prices.prefixes,
        progress or (lambda _share: None),
        None if columns is None else Path(columns),
    )


def check_bill(bill: Bill | str | Path, catalog: PriceCatalog | None = None) -> BillCheck:
    """Verify a bill: its identities, its data, and its prices against the catalog.

    Args:
        bill: a bill, or the path of one.
        catalog: prices; the embedded catalog by default.

    Raises:
        BillError: the path is no bill.
    """
    prices = catalog or load_catalog()
    read = bill if isinstance(bill, Bill) else read_bill(bill, catalog=prices)
    return verify(read, prices)


def what_if(
    bill: Bill,
    catalog: PriceCatalog,
    scenario: BillScenario,
    *,
    new_catalog: PriceCatalog | None = None,
    filter_text: str | None = None,
) -> WhatIf:
    """Return what a scenario does to a whole bill, at list prices less its discounts.

    Args:
        bill: the bill.
        catalog: prices before.
        scenario: another region, processor, families, volumes, discount or commitments.
        new_catalog: prices after, such as a price list of another date; the same by default.
        filter_text: expression of the filter language.
    """
    return change_bill(
        bill,
        catalog,
        scenario,
        successors=read_family_successors(find_catalog()),
        new_catalog=new_catalog,
        filter_text=filter_text,
    )
