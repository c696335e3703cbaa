"""The reservations of a real bill, replayed on its usage: what they covered is what was billed."""

import pandas as pd
import pytest

import costmodel
from costmodel.engine.coverage import normalization_factor

OCTOBER = "cur-2018/Oct2018-WorkshopCUR-00001.snappy.parquet"


@pytest.fixture(scope="module")
def rows():
    from tests.conftest import SAMPLES

    path = SAMPLES / OCTOBER
    if not path.exists():
        pytest.skip(f"sample {OCTOBER} is absent: set COSTMODEL_SAMPLES to the sample folder")
    return path, pd.read_parquet(path)


@pytest.fixture(scope="module")
def replay(rows):
    path, lines = rows
    leases = lines[lines["line_item_line_item_type"] == "RIFee"]
    held = [
        costmodel.HeldCommitment(
            "Reserved",
            float(lease.reservation_number_of_reservations),
            scope=lease.line_item_usage_type.partition(":")[2],
            region="us-east-1",
            platform="Windows" if lease.line_item_operation.endswith("0002") else "Linux/UNIX",
            account=lease.line_item_usage_account_id,
            # A lease of 21:40 covers its first clock hour too.
            start=pd.Timestamp(lease.reservation_start_time).floor("h").to_pydatetime(),
            end=pd.Timestamp(lease.reservation_end_time).to_pydatetime(),
            commitment_id=lease.reservation_reservation_a_r_n,
        )
        for lease in leases.itertuples()
    ]
    return costmodel.simulate_commitments(path, held)


def _billed(rows, usage_type, operation) -> float:
    lines = rows[1]
    same = (
        (lines["line_item_line_item_type"] == "DiscountedUsage")
        & (lines["line_item_usage_type"] == usage_type)
        & (lines["line_item_operation"] == operation)
    )
    return float(lines.loc[same, "line_item_usage_amount"].sum())


def _replayed(replay, usage_type, operation) -> float:
    table = replay.usage.rows
    same = (table["x_UsageType"] == usage_type) & (table["x_Operation"] == operation)
    return float(replay.coverage.covered_quantity[:, same.to_numpy()].sum())


@pytest.mark.samples
@pytest.mark.parametrize(
    ("usage_type", "operation"),
    [
        ("BoxUsage:c5.large", "RunInstances"),
        ("BoxUsage:m5.large", "RunInstances:0002"),
        ("BoxUsage:t2.micro", "RunInstances:0002"),
        ("BoxUsage:t2.nano", "RunInstances"),
    ],
)
def test_covered_hours_are_those_billed(rows, replay, usage_type, operation) -> None:
    billed = _billed(rows, usage_type, operation)

    assert billed > 0.0
    assert _replayed(replay, usage_type, operation) == pytest.approx(billed, abs=1e-6)


@pytest.mark.samples
def test_the_units_a_size_flexible_family_used_are_those_billed(rows, replay) -> None:
    # Which of t2.micro and t2.large got them differs: this bill of 2018 covers t2.large before
    # t2.micro in 361 hours, against the documented order (smallest size first).
    sizes = ("t2.nano", "t2.micro", "t2.large")

    billed, replayed = (
        sum(
            normalization_factor(size) * hours(source, f"BoxUsage:{size}", "RunInstances")
            for size in sizes
        )
        for hours, source in ((_billed, rows), (_replayed, replay))
    )

    assert replayed == pytest.approx(billed, abs=1e-3)


@pytest.mark.samples
def test_the_lease_nobody_used_is_idle(replay) -> None:
    # c4.large: 744 of 744 reserved hours unused on the bill.
    idle = replay.table[replay.table["utilization"] == 0.0]

    assert list(idle["CommitmentDiscountId"].str[-6:]) == ["6e058a"]
