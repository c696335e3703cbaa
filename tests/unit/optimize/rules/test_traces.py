"""Real CloudWatch series: a low mean with high peaks is not idle."""

import shutil

import pytest

from costmodel.io.inventory.metric_files import read_metric_files
from costmodel.io.rule_files import load_rules
from costmodel.optimize.inventory import Inventory, build_table, merge_inventories
from costmodel.optimize.rule_engine import Verdict, check_rule
from costmodel.optimize.table_scope import build_scopes
from tests.unit.optimize.rules.test_recommend import NOW, instance

# Numenta Anomaly Benchmark: peaks below 5 % (24ae8d, 53ea38); far above (5f5533, 825cc2).
IDLE = {"24ae8d": True, "53ea38": True, "5f5533": False, "825cc2": False}


@pytest.mark.parametrize("name", IDLE)
def test_peaks_decide_idleness(sample, tmp_path, name: str) -> None:
    source = sample(f"cloudwatch/ec2_cpu_utilization_{name}.csv")
    shutil.copy(source, tmp_path / f"i-{name}_CPUUtilization.csv")
    seen = read_metric_files([tmp_path])
    rows = build_table("ec2_instances", [instance(f"i-{name}")])
    account = merge_inventories([Inventory({"ec2_instances": rows}, NOW), seen])
    book = load_rules()
    rule = book.rule("ec2-idle")
    scope = build_scopes(account, book)["ec2_instances"]

    below = scope["CPUUtilization__max"][0] < rule.thresholds["max_cpu"]
    verdict = check_rule(rule, scope).verdict[0]

    assert below == IDLE[name]
    # Without network metrics nothing is called idle; a high peak settles it at once.
    assert verdict == (Verdict.UNKNOWN if IDLE[name] else Verdict.PASSED)
