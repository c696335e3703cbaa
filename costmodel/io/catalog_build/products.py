"""Products that share one usage type in the source, told apart by what AWS says of them.

``product_rules.csv`` maps (service, usage type, description) to the usage type, operation or
variant of the product; the first rule that fits wins. RDS's CPU credits have no description:
Aurora's are those the Aurora price list repeats.
"""

import csv
import re
from pathlib import Path

import pandas as pd

_RULES = Path(__file__).parent / "product_rules.csv"
_AURORA_OPERATIONS = ("CreateDBInstance:0016", "CreateDBInstance:0021")


def tell_products_apart(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rate rows with usage type, operation and variant as the rules say."""
    frame = frame.copy()
    with _RULES.open(encoding="utf-8", newline="") as file:
        for rule in csv.DictReader(file):
            _apply(frame, rule)
    _aurora_credits(frame)
    return frame


def _apply(frame: pd.DataFrame, rule: dict[str, str]) -> None:
    mine = frame[
        (frame["x_ServiceCode"] == rule["service_code"])
        & frame["x_UsageType"].str.fullmatch(rule["usage_type"])
        & frame["x_SkuDescription"].str.fullmatch(rule["description"])
        & (frame["x_Operation"] == "")
    ].index
    described = frame.loc[mine, "x_SkuDescription"]
    targets = {"x_UsageType": "new_usage_type", "x_Operation": "operation", "x_Variant": "variant"}
    for column, field in targets.items():
        if rule[field]:
            frame.loc[mine, column] = [
                re.sub(f"^{rule['description']}$", rule[field], text) for text in described
            ]
    frame.loc[mine, "x_NameBasis"] = "rule"


def _aurora_credits(frame: pd.DataFrame) -> None:
    """Give Aurora's CPU credits its operations; the others stay the default."""
    credits = (frame["x_ServiceCode"] == "AmazonRDS") & frame["x_UsageType"].str.startswith(
        "CPUCredits:"
    )
    in_aurora_list = credits & (frame["x_Map"] == "rds-aurora-storage")
    codes = frame.loc[in_aurora_list, ["RegionId", "x_UsageType", "SkuPriceId"]].drop_duplicates()
    codes = codes.sort_values(list(codes.columns))
    # Both engines' credits cost the same, so which code is which does not matter to a price.
    number = codes.groupby(["RegionId", "x_UsageType"]).cumcount() % len(_AURORA_OPERATIONS)
    operation = dict(
        zip(codes["SkuPriceId"], [_AURORA_OPERATIONS[n] for n in number], strict=True)
    )
    told = credits & frame["SkuPriceId"].isin(operation)
    frame.loc[told, "x_Operation"] = frame.loc[told, "SkuPriceId"].map(operation)
