"""Names for price rows the source gives no usage type: real ones where sure, else the description.

In this order: the usage type AWS itself notes in the row's attributes; a rule of
``name_rules.csv`` (description → usage type, RDS-style sizes abbreviated); else the description
of the SKU's first tier without its tier words, so that every described meter can be asked for by
a stable name. ``x_NameBasis`` says which: attributes, rule or description.
"""

import csv
import json
import re
from pathlib import Path

import pandas as pd

from costmodel.catalog.usage_type import strip_prefixes, usage_type_prefixes

_HERE = Path(__file__).parent
_FULL_SIZE_FAMILIES = re.compile(r"db\.(m1|m2|m3|t2|r3|t4g|x2g)\.")


def service_codes() -> dict[str, str]:
    """Return the source's short service names → AWS service codes."""
    table = pd.read_csv(_HERE / "service_codes.csv")
    return dict(zip(table["source_code"], table["service_code"], strict=True))


def name_rows(frame: pd.DataFrame, regions: pd.DataFrame) -> pd.DataFrame:
    """Return the rate rows with a usage type wherever attributes, rules or descriptions give one.

    Args:
        frame: rate rows with the columns x_Attributes and SkuPriceId besides.
        regions: the region table of the source, for the prefixes in attributes.
    """
    frame = frame.copy()
    unnamed = (frame["x_UsageType"] == "") & (frame["x_TermType"] == "OnDemand")
    rows = frame[unnamed]
    told = _from_attributes(rows["x_Attributes"], regions)
    _assign(frame, told[told["x_UsageType"] != ""], "attributes")
    rows = rows[told["x_UsageType"] == ""]
    described = _first_description(rows)
    ruled = _from_rules(rows["x_ServiceCode"], described.where(described != "", _traits(rows)))
    _assign(frame, ruled[ruled["x_UsageType"] != ""], "rule")
    rest = described[ruled["x_UsageType"] == ""]
    sku = rows["SkuPriceId"].str.split(".").str[0]
    tiered = (sku.groupby([rows["RegionId"], sku]).transform("size") > 1).loc[rest.index]
    short = rest.where(~tiered, rest.map(_without_tiers))
    texts = pd.DataFrame({"x_UsageType": short, "x_Operation": ""})
    _assign(frame, texts[texts["x_UsageType"] != ""], "description")
    return frame


def _assign(frame: pd.DataFrame, names: pd.DataFrame, basis: str) -> None:
    for column in names.columns:
        frame.loc[names.index, column] = names[column]
    frame.loc[names.index, "x_NameBasis"] = basis


def _from_attributes(attributes: pd.Series, regions: pd.DataFrame) -> pd.DataFrame:
    prefixes = usage_type_prefixes(
        dict(zip(regions["region"], regions["usage_type_prefix"], strict=True))
    )
    distinct = {}
    for text in attributes.unique():
        told = json.loads(text) if '"usageType"' in text else {}
        base = strip_prefixes([told.get("usageType", "")], prefixes)[1][0]
        distinct[text] = (base, told.get("operation", ""))
    return pd.DataFrame(
        {
            "x_UsageType": attributes.map({text: name for text, (name, _) in distinct.items()}),
            "x_Operation": attributes.map({text: code for text, (_, code) in distinct.items()}),
        }
    )


def _first_description(rows: pd.DataFrame) -> pd.Series:
    """Return the description of each SKU's first tier, its first wording where it has several."""
    sku = rows["SkuPriceId"].str.split(".").str[0]
    ordered = rows.assign(sku=sku).sort_values("BeginRange", kind="stable")
    first = ordered.groupby(["x_ServiceCode", "RegionId", "sku"])["x_SkuDescription"]
    described: pd.Series = first.transform("first").reindex(rows.index)
    return described.str.split(" | ", regex=False).str[0].str.strip()


def _traits(rows: pd.DataFrame) -> pd.Series:
    """Return what else identifies a row without a description: instance type, else price.

    A rule may name it then (DAX nodes; exportable certificates, 15 USD for a name and 149 USD for
    a wildcard; the hourly fee of an accelerator).
    """
    instance = rows["x_Attributes"].str.extract(r'"Instance Type": "([^"]+)"')[0]
    price = "USD " + rows["ListUnitPrice"].map("{:g}".format)
    return ("Instance Type " + instance).where(instance.notna(), price)


def _from_rules(service: pd.Series, described: pd.Series) -> pd.DataFrame:
    names = pd.DataFrame({"x_UsageType": "", "x_Operation": ""}, index=described.index)
    with (_HERE / "name_rules.csv").open(encoding="utf-8", newline="") as file:
        rules = list(csv.DictReader(file))
    for rule in rules:
        mine = (service == rule["service_code"]) & described.str.fullmatch(rule["description"])
        pattern = f"^{rule['description']}$"
        usage = described[mine].str.replace(pattern, rule["usage_type"], regex=True)
        names.loc[mine, "x_UsageType"] = usage.map(_rds_size)
        names.loc[mine, "x_Operation"] = rule["operation"]
    return names


def _rds_size(usage_type: str) -> str:
    """Abbreviate the size as RDS-style usage types do: 2xlarge is 2xl, except in old families."""
    if not usage_type.startswith("InstanceUsage") or _FULL_SIZE_FAMILIES.search(usage_type):
        return usage_type
    return re.sub(r"(\d+)xlarge$", r"\1xl", usage_type)


_TIER_WORDS = re.compile(
    r"(,? ?\b(from )?[\d,.]+ ?[KMGTP]?B? ?(up ?to|to|-) ?(\d[\d,.]*|inf(inity)?)\b)"
    r"|(\b(for the )?(first|next|over|above) [\d,. ]+ ?[KMGTP]?B?i?\b)"
    r"|(\b(and more|inf)\b)",
    re.IGNORECASE,
)


def _without_tiers(text: str) -> str:
    short = " ".join(_TIER_WORDS.sub(" ", text).split())
    return short or text


def name_reserved(reserved: pd.DataFrame, usage: pd.DataFrame) -> pd.DataFrame:
    """Return reserved rows; those without a name take that of their SKU's on-demand rows."""
    reserved = reserved.copy()
    named = usage[(usage["x_UsageType"] != "") & (usage["SkuPriceId"] != "")]
    sku = named["SkuPriceId"].str.split(".").str[0]
    first = named.assign(sku=sku).drop_duplicates("sku").set_index("sku")
    missing = reserved["x_UsageType"] == ""
    own = reserved.loc[missing, "SkuPriceId"].str.split(".").str[0]
    for column in ("x_UsageType", "x_Operation", "x_NameBasis"):
        reserved.loc[missing, column] = own.map(first[column]).fillna("")
    return reserved
