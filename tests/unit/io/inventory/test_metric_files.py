import csv
import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from costmodel.errors import BadInputError
from costmodel.io.inventory.metric_files import name_of_file, read_metric_files


def rows_of(path: Path) -> list[dict]:
    return read_metric_files([path]).table("metrics").to_pylist()


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def hours(count: int, values=None) -> str:
    values = values or [1.0] * count
    lines = [f"2026-03-{2 + h // 24:02} {h % 24:02}:00:00,{v}" for h, v in enumerate(values)]
    return "timestamp,value\n" + "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ec2_cpu_utilization_24ae8d.csv", ("24ae8d", "CPUUtilization", "ec2_instances")),
        ("i-0abc_CPUUtilization.csv.gz", ("i-0abc", "CPUUtilization", "ec2_instances")),
        ("i-0abc_mem_used_percent.csv", ("i-0abc", "mem_used_percent", "ec2_instances")),
        ("rds_cpu_utilization_cc0c53.csv", ("cc0c53", "CPUUtilization", "rds_instances")),
        ("elb_request_count_8c0756.csv", ("8c0756", "RequestCount", "load_balancers")),
        ("CPUUtilization.csv", ("CPUUtilization", "CPUUtilization", None)),
        ("grok_asg_anomaly.csv", ("grok_asg_anomaly", "grok_asg_anomaly", None)),
    ],
)
def test_a_file_name_tells_resource_and_metric(name, expected) -> None:
    assert name_of_file(Path(name)) == expected


def test_recorded_series_keep_their_extremes(sample) -> None:
    path = sample("cloudwatch/ec2_network_in_257a54.csv")
    with path.open() as file:
        values = [float(row["value"]) for row in csv.DictReader(file)]

    row = rows_of(path)[0]

    assert (row["resource_id"], row["metric"]) == ("257a54", "NetworkIn")
    assert row["datapoints"] == len(values)
    assert row["max"] == max(values)
    assert row["mean"] == pytest.approx(np.mean(values), rel=1e-12)
    assert row["p99_5"] == pytest.approx(np.quantile(values, 0.995), rel=1e-12)
    assert row["period_seconds"] == 300
    assert row["period_days"] == pytest.approx(14, abs=0.1)
    assert max(row["fold_max"]) == pytest.approx(max(values))  # one spike survives the fold


def test_a_folder_of_recordings_is_read_whole(sample) -> None:
    folder = sample("cloudwatch")

    inventory = read_metric_files([folder])

    assert inventory.table("metrics").num_rows == len(list(folder.glob("*.csv")))
    assert inventory.issues == ()


def test_one_file_may_hold_many_series(tmp_path) -> None:
    lines = ["timestamp,resource_id,metric,statistic,value"]
    for hour in range(48):
        time = f"2026-03-{2 + hour // 24:02}T{hour % 24:02}:00:00Z"
        lines.append(f"{time},i-1,CPUUtilization,Maximum,{hour}")
        lines.append(f"{time},i-1,mem_used_percent,Maximum,{50 + hour % 2}")
        if hour < 24:
            lines.append(f"{time},i-2,CPUUtilization,Maximum,7")
    path = write(tmp_path / "all.csv", "\n".join(lines))

    rows = {(r["resource_id"], r["metric"]): r for r in rows_of(path)}

    assert len(rows) == 3
    cpu = rows["i-1", "CPUUtilization"]
    assert (cpu["max"], cpu["datapoints"], cpu["period_days"]) == (47, 48, 2)
    assert cpu["daily_max"] == [23, 47]
    assert cpu["daily_total"] == [sum(range(24)), sum(range(24, 48))]
    # 2 March 2026 is a Monday: the first day fills hours 0 to 23 of the week.
    assert cpu["fold_max"][:48] == list(range(48))
    assert np.isnan(cpu["fold_max"][48])
    assert rows["i-2", "CPUUtilization"]["coverage"] == 1.0
    assert rows["i-1", "mem_used_percent"]["p50"] == 50.5


def test_gaps_lower_the_coverage_and_do_not_become_zeros(tmp_path) -> None:
    text = hours(24).splitlines()
    path = write(tmp_path / "i-1_CPUUtilization.csv", "\n".join(text[:7] + text[13:]))

    row = rows_of(path)[0]

    assert row["datapoints"] == 18
    assert row["coverage"] == 0.75
    assert row["min"] == 1.0


def test_bad_cells_are_left_out_and_reported(tmp_path) -> None:
    text = hours(3) + "2026-03-02 03:00:00,\n2026-02-30 04:00:00,5\nnot a time,5\n,\n"
    path = write(tmp_path / "i-1_CPUUtilization.csv", text)

    inventory = read_metric_files([path])

    assert inventory.table("metrics")["datapoints"].to_pylist() == [3]
    assert "4 rows without a time or a number" in inventory.issues[0].message
    assert "first in line 5" in inventory.issues[0].message


def test_times_with_offsets_are_utc(tmp_path) -> None:
    path = write(
        tmp_path / "i-1_CPUUtilization.csv",
        "timestamp,value\n2026-03-02T01:00:00+01:00,1\n2026-03-02T01:00:00Z,2\n",
    )

    row = rows_of(path)[0]

    assert row["start_at"].isoformat() == "2026-03-02T00:00:00+00:00"
    assert row["fold_max"][:2] == [1, 2]


def test_answers_of_cloudwatch_are_read(tmp_path) -> None:
    times = [f"2026-03-02T{h:02}:00:00+00:00" for h in range(3)]
    data = {"MetricDataResults": [
        {"Id": "m0", "Label": "i-9 CPUUtilization", "Timestamps": times, "Values": [1, 9, 2]}
    ]}  # fmt: skip
    points = [{"Timestamp": t, "Sum": 5.0, "Unit": "Bytes"} for t in times]
    first = tmp_path / "data.json"
    first.write_text(json.dumps(data))
    second = tmp_path / "vol-1_VolumeReadBytes.json"
    second.write_text(json.dumps({"Label": "VolumeReadBytes", "Datapoints": points}))

    cpu, volume = rows_of(first)[0], rows_of(second)[0]

    assert (cpu["resource_id"], cpu["metric"], cpu["max"]) == ("i-9", "CPUUtilization", 9)
    assert (volume["resource_id"], volume["statistic"], volume["total"]) == ("vol-1", "Sum", 15)


def test_gzip_and_a_byte_order_mark_are_read(tmp_path) -> None:
    path = tmp_path / "i-1_CPUUtilization.csv.gz"
    path.write_bytes(gzip.compress(b"\xef\xbb\xbf" + hours(5).encode()))

    assert rows_of(path)[0]["datapoints"] == 5


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"", "is empty"),
        ("a.csv", b"timestamp,value\n", "holds no data point"),
        ("a.csv", b"time,price\n2026-01-01 00:00:00,1\n", "no column 'value'"),
        ("a.csv", b"\xff\xfe\x00\x01", "not UTF-8"),
        ("a.csv", b"a,b\n1\n2,3,4\n", "not a CSV"),
        ("a.csv.gz", gzip.compress(b"timestamp,value\n" * 99, mtime=0)[:20], "cannot be read"),
        ("a.json", b"{", "is not JSON"),
        ("a.json", b"[]", "is not an answer"),
        ("a.json", b"{}", "neither MetricDataResults nor Datapoints"),
        ("a.json", b'{"MetricDataResults": []}', "holds no data point"),
        ("a.parquet", b"PAR1", "cannot be read"),
        ("a.txt", b"x", "is not a .csv"),
    ],
)
def test_a_bad_file_is_one_clear_line(tmp_path, name, content, message) -> None:
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(BadInputError, match=message) as caught:
        read_metric_files([path])

    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_absent_path_and_an_empty_folder_are_bad_input(tmp_path) -> None:
    with pytest.raises(BadInputError, match="does not exist"):
        read_metric_files([tmp_path / "none"])
    with pytest.raises(BadInputError, match="holds no"):
        read_metric_files([tmp_path])
