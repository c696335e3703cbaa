"""Bills: generate, sum, re-price a CUR beside hand-written DuckDB SQL and pandas.

python -m benchmarks bills                         2 M rows
COSTMODEL_BENCH_ROWS=20000000 python -m benchmarks bills
COSTMODEL_BENCH_LINEAR=1 … also shows that ten times the files cost ten times the time
"""

import os
import resource
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.timing import best_seconds, report
from costmodel import import_bill, load_catalog, read_bill
from costmodel.bill.generate.catalog_prices import catalog_price_table
from costmodel.bill.generate.plan import BillSettings
from costmodel.bill.generate.prices import PriceTable
from costmodel.bill.query import Bill
from costmodel.bill.reprice.repricing import reconcile
from costmodel.bill.reprice.rows import catalog_total, price_rows
from costmodel.catalog.catalog import PriceCatalog
from costmodel.engine.tiers import build_tier_table
from costmodel.io.generated_bill import GeneratedBill, generate_bill

ROWS = int(os.environ.get("COSTMODEL_BENCH_ROWS", "2000000"))
IS_LINEAR = bool(os.environ.get("COSTMODEL_BENCH_LINEAR"))
CSV_ROWS = 1_000_000
_GROUPS = ["x_ServiceCode", "SubAccountId"]
MONEY = "DECIMAL(38, 10)"
_AMORTISED = """CASE line_item_line_item_type
    WHEN 'SavingsPlanCoveredUsage' THEN savings_plan_savings_plan_effective_cost
    WHEN 'SavingsPlanRecurringFee'
        THEN savings_plan_total_commitment_to_date - savings_plan_used_commitment
    WHEN 'SavingsPlanNegation' THEN 0 WHEN 'SavingsPlanUpfrontFee' THEN 0
    WHEN 'DiscountedUsage' THEN reservation_effective_cost
    WHEN 'RIFee' THEN reservation_unused_amortized_upfront_fee_for_billing_period
        + reservation_unused_recurring_fee
    ELSE CASE WHEN line_item_line_item_type = 'Fee' AND reservation_reservation_a_r_n <> ''
        THEN 0 ELSE line_item_unblended_cost END END"""


def main() -> None:
    catalog = load_catalog()
    prices = catalog_price_table(catalog)
    with tempfile.TemporaryDirectory() as folder:
        made = bench_generate(Path(folder) / "cur", prices)
        bill = read_bill(*made.files, catalog=catalog)
        connection = duckdb.connect()
        connection.register("list_arrow", _price_tiers(catalog))
        connection.execute("CREATE TABLE tiers AS SELECT * FROM list_arrow")
        connection.execute("CREATE TABLE prices AS SELECT * FROM tiers WHERE begin_range = 0")
        scan = f"read_parquet({[str(file) for file in made.files]})"
        bench_group_by(bill, connection, scan)
        bench_store(made, catalog, connection, scan)
        bench_csv_import(Path(folder), prices, catalog)
        bench_totals(bill, catalog, connection, scan)
        bench_rows(bill, catalog, connection, scan)
        bench_pandas(bill, made)
        if IS_LINEAR:
            bench_linear(made, catalog)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"peak memory: {peak:.2f} GB, peers included (required < 3 GB at 20 M rows)")


def bench_generate(folder: Path, prices: PriceTable) -> GeneratedBill:
    made: list[GeneratedBill] = []
    settings = BillSettings(rows=ROWS)
    seconds = best_seconds(
        lambda: made.append(generate_bill(settings, prices, folder, "cur")), repeats=1
    )
    size = sum(file.stat().st_size for file in made[0].files) / 2**20
    print(
        f"generate {made[0].rows:,} rows, {size:,.0f} MB:"
        f" {made[0].rows / seconds / 1e6:.2f} M rows/s"
    )
    return made[0]


def bench_group_by(bill: Bill, connection: duckdb.DuckDBPyConnection, scan: str) -> None:
    query = _group_by_query(scan)
    totals: list[Any] = []

    def ours() -> None:
        summary = bill.summarize(by=_GROUPS, metric="EffectiveCost", granularity="daily")
        totals.append(summary.total["EffectiveCost"])

    our_seconds = best_seconds(ours)
    peer = best_seconds(lambda: connection.execute(query).fetchall())
    report(
        "service × day × account on raw Parquet", our_seconds, "hand-written SQL", peer, "≤ 1.1"
    )
    print(f"totals bit-equal over {len(totals)} runs: {len(set(totals)) == 1} (required True)")


def _group_by_query(scan: str) -> str:
    return f"""SELECT line_item_product_code, line_item_usage_account_id,
        DATE_TRUNC('day', line_item_usage_start_date), SUM(CAST({_AMORTISED} AS {MONEY}))
        FROM {scan} GROUP BY ALL"""


def bench_store(
    made: GeneratedBill, catalog: PriceCatalog, connection: duckdb.DuckDBPyConnection, scan: str
) -> None:
    """Import the bill, and ask the store what was asked of the raw files."""
    with tempfile.TemporaryDirectory() as folder:
        _report_import("Parquet", made, catalog, Path(folder), "≥ 1.0")
        bill = read_bill(folder, catalog=catalog)
        ours = best_seconds(
            lambda: bill.summarize(by=_GROUPS, metric="EffectiveCost", granularity="daily")
        )
    peer = best_seconds(lambda: connection.execute(_group_by_query(scan)).fetchall())
    report("the same from the store", ours, "hand-written SQL on raw Parquet", peer, "≤ 0.5")


def bench_csv_import(folder: Path, prices: PriceTable, catalog: PriceCatalog) -> None:
    settings = BillSettings(rows=min(ROWS, CSV_ROWS))
    made = generate_bill(settings, prices, folder / "csv", "cur-csv")
    _report_import("csv.gz", made, catalog, folder / "csv-store", "≥ 0.25")


def _report_import(
    kind: str, made: GeneratedBill, catalog: PriceCatalog, store: Path, required: str
) -> None:
    """Import once and show wall and processor time: only the first depends on other work."""
    busy = time.process_time()
    seconds = best_seconds(
        lambda: import_bill(*made.files, store=store, catalog=catalog), repeats=1
    )
    busy = time.process_time() - busy
    print(
        f"import {kind}: {made.rows / seconds / 1e6:.2f} M rows/s (required {required}),"
        f" {busy / made.rows * 1e6:.2f} s of processor time per 1 M rows"
    )


def bench_totals(
    bill: Bill, catalog: PriceCatalog, connection: duckdb.DuckDBPyConnection, scan: str
) -> None:
    """Compare the repriced total of all usage: distinct keys against a join of every row."""
    query = f"""SELECT SUM(CAST(b.line_item_usage_amount * p.unit_price AS {MONEY}))
        FROM {scan} AS b JOIN prices AS p ON p.usage_type = b.line_item_usage_type
        AND p.region = b.product_region_code AND p.operation = b.line_item_operation
        AND p.service = b.line_item_product_code
        WHERE b.line_item_line_item_type IN
            ('Usage', 'DiscountedUsage', 'SavingsPlanCoveredUsage')"""

    def ours() -> float:
        return catalog_total(bill, catalog)

    ours()  # the catalog loads its services once
    report("re-pricing totals, tiers included", best_seconds(ours), "SQL join, first tier only",
           best_seconds(lambda: connection.execute(query).fetchall()), "≤ 0.8")  # fmt: skip


def bench_rows(
    bill: Bill, catalog: PriceCatalog, connection: duckdb.DuckDBPyConnection, scan: str
) -> None:
    """Compare the cost of every row with tiers filled by account and month."""
    query = f"""WITH running AS (
            SELECT b.line_item_product_code, b.line_item_usage_amount AS q, p.key,
                SUM(b.line_item_usage_amount) OVER (PARTITION BY b.bill_payer_account_id,
                    b.bill_billing_period_start_date, p.key
                    ORDER BY b.line_item_usage_start_date ROWS UNBOUNDED PRECEDING) AS r
            FROM {scan} AS b JOIN prices AS p ON p.usage_type = b.line_item_usage_type
            AND p.region = b.product_region_code AND p.operation = b.line_item_operation
            AND p.service = b.line_item_product_code
            WHERE b.line_item_line_item_type IN
                ('Usage', 'DiscountedUsage', 'SavingsPlanCoveredUsage'))
        SELECT line_item_product_code, SUM(CAST(
            (t.base + (r - t.begin_range) * t.unit_price)
            - (s.base + (r - q - s.begin_range) * s.unit_price) AS {MONEY}))
        FROM running
        JOIN tiers AS t ON t.key = running.key AND r >= t.begin_range AND r < t.end_range
        JOIN tiers AS s ON s.key = running.key AND r - q >= s.begin_range AND r - q < s.end_range
        GROUP BY 1"""

    def ours() -> Any:
        rows = price_rows(bill, catalog, ["x_ServiceCode"])
        return rows.arrow(
            bill,
            'SELECT "x_ServiceCode", SUM(CAST("x_CatalogCost" AS DECIMAL(38, 10))) FROM rows'
            " GROUP BY 1",
        )

    report("row-level re-pricing with tiers", best_seconds(ours, 2), "plain window SQL",
           best_seconds(lambda: connection.execute(query).fetchall(), 2), "≤ 0.65")  # fmt: skip


def bench_pandas(bill: Bill, made: GeneratedBill) -> None:
    """Show pandas beside: the same group-by of unblended cost on the first file only."""
    import pandas as pd

    columns = ["line_item_product_code", "line_item_usage_account_id",
               "line_item_usage_start_date", "line_item_unblended_cost"]  # fmt: skip
    part = read_bill(made.files[0])

    def peer() -> Any:
        frame = pd.read_parquet(made.files[0], columns=columns)
        frame["day"] = frame[columns[2]].dt.floor("D")
        return frame.groupby([columns[0], columns[1], "day"], observed=True)[columns[3]].sum()

    ours = best_seconds(
        lambda: part.summarize(by=_GROUPS, metric="x_UnblendedCost", granularity="daily")
    )
    report("the same on one file of 1 M rows", ours, "pandas", best_seconds(peer), "beside")


def bench_linear(made: GeneratedBill, catalog: PriceCatalog) -> None:
    """Show that ten times the files, repeated, cost about ten times as much."""
    seconds = []
    for times in (1, 10):
        bill = read_bill(*made.files, catalog=catalog)
        (source,) = bill.sources
        files = [str(file) for file in made.files] * times
        scan = source.scan.replace(str([str(f) for f in made.files]), str(files))
        if times > 1 and scan == source.scan:
            raise RuntimeError("the scan names its files in another way: mend the benchmark")
        repeated = Bill([replace(source, scan=scan)], bill.prefixes)
        seconds.append(best_seconds(lambda bill=repeated: reconcile(bill, catalog), repeats=1))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(
            f"reconcile {made.rows * times:,} rows: {seconds[-1]:.2f} s,"
            f" peak memory so far {peak:.2f} GB (required < 6 GB at 200 M rows)"
        )
    print(f"ten times the rows cost {seconds[1] / seconds[0]:.1f} times the time")


def _price_tiers(catalog: PriceCatalog) -> pa.Table:
    """Return the whole on-demand price list as a hand-written query would join it.

    Usage types carry their region prefix, as bills have them; every tier is a row, with the cost
    due at its start.
    """
    tables = [catalog.rates(service) for service in catalog.services]
    rows = pa.concat_tables(tables).filter(pc.field("x_TermType") == "OnDemand")
    rows = rows.filter(pc.field("x_UsageType") != "")
    region_prefix = {region: f"{p}-" if p else "" for region, p in catalog.regions.items()}
    prefix = pa.array([region_prefix.get(name, "") for name in rows["RegionId"].to_pylist()])
    usage_type = pc.binary_join_element_wise(prefix, rows["x_UsageType"].combine_chunks(), "")
    begin, price = rows["BeginRange"].to_numpy(), rows["ListUnitPrice"].to_numpy()
    first = np.append(np.flatnonzero(begin == 0.0), len(begin))
    tiers = build_tier_table(first, begin, price)
    return pa.table(
        {
            "key": np.repeat(np.arange(len(first) - 1), np.diff(first)),
            "service": rows["x_ServiceCode"], "region": rows["RegionId"],
            "usage_type": usage_type, "operation": rows["x_Operation"],
            "begin_range": begin, "end_range": rows["EndRange"], "unit_price": price,
            "base": tiers.base_cost,
        }
    )  # fmt: skip


if __name__ == "__main__":
    main()
