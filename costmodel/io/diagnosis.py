"""What is installed, which prices are in use and how old they are, whether AWS can be reached."""

import platform
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from importlib import metadata
from typing import Final

from costmodel.catalog.catalog import PriceCatalog
from costmodel.errors import CatalogError, MissingDependencyError

# extra → the packages that tell whether it is there
_EXTRAS: Final[dict[str, tuple[str, ...]]] = {
    "terraform": ("tfparse",),
    "aws": ("boto3",),
    "sql": ("sqlglot",),
    "spark": ("pyspark",),
    "optimize": ("highspy",),
    "alerts": ("sqlalchemy", "httpcore", "cryptography"),
    "api": ("fastapi", "uvicorn", "alembic"),
    "postgres": ("psycopg",),
}
# AWS changes list prices a few times a year; older than this a look at the price page is due.
_OLD_AFTER_DAYS: Final = 180


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: ok, a note, or a problem with its remedy."""

    topic: str
    state: str
    detail: str


def diagnose_environment() -> list[Finding]:
    """Return Python, the system and which extras are installed."""
    findings = [
        Finding(
            "python",
            "ok",
            f"{platform.python_version()} on {platform.system()} ({sys.executable})",
        )
    ]
    for extra, packages in _EXTRAS.items():
        versions = [_version(package) for package in packages]
        if None in versions:
            detail = f"not installed: pip install 'costmodel[{extra}]'"
            findings.append(Finding(f"extra {extra}", "absent", detail))
            continue
        pairs = zip(packages, versions, strict=True)
        detail = ", ".join(f"{package} {version}" for package, version in pairs)
        findings.append(Finding(f"extra {extra}", "ok", detail))
    return findings


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def diagnose_catalog(catalog: PriceCatalog, today: date) -> list[Finding]:
    """Return which prices are in use, how old, and whether every sheet can be read."""
    try:
        published, version = date.fromisoformat(catalog.published), catalog.version
        sheets = catalog.sheets.services
    except CatalogError as error:
        return [Finding("catalog", "problem", str(error))]
    days = (today - published).days
    age = f"newest price of {published}, {days} days old"
    state = "ok" if days <= _OLD_AFTER_DAYS else "old"
    remedy = "" if state == "ok" else "; run costmodel catalog update"
    kinds = sum(len(sheet.resources) for sheet in sheets)
    return [
        Finding("catalog", state, f"version {version}, {age}{remedy}"),
        Finding("regions", "ok", f"{len(catalog.regions)} regions, {len(catalog.zones)} zones"),
        Finding("services", "ok", f"{len(sheets)} sheets, {kinds} kinds of resources"),
    ]


def diagnose_aws() -> Finding:
    """Return who the usual AWS credentials belong to; one read-only call."""
    try:
        import boto3
        from botocore.exceptions import BotoCoreError, ClientError
    except ImportError:
        return Finding("aws", "absent", str(MissingDependencyError("boto3", "aws")))
    try:
        identity = boto3.client("sts", region_name="us-east-1").get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        return Finding("aws", "problem", f"{error}; set credentials in the usual way")
    return Finding("aws", "ok", f"account {identity['Account']} as {identity['Arn']}")


def problems(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings somebody has to do something about."""
    return [finding for finding in findings if finding.state == "problem"]
