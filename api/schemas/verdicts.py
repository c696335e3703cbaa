"""Verdicts on anomalies."""

from typing import Literal

from pydantic import ConfigDict, Field

from api.schemas.shared import Day, Strict
from api.schemas.spend import VersionedModel


class VerdictRequest(Strict):
    """What people say of the anomalies of some series in a span of days."""

    model_config = ConfigDict(extra="forbid", serialize_by_alias=True)

    monitor: str = Field(
        min_length=1, max_length=300, pattern=r"^[^\x00-\x1f\x7f]+$",
        description="The anomaly's `monitor`; * and ? stand for any characters.",
        examples=["AWS Lambda · 111111111111"],
    )  # fmt: skip
    from_: Day = Field(alias="from", description="First day.", examples=["2026-11-03"])
    to: Day | None = Field(None, description="Last day; the first without it.")
    verdict: Literal["ignore", "confirm"] = Field(
        description="Ignored anomalies are left out and only counted."
    )
    note: str = Field("", max_length=1000, examples=["load test, planned"])


class VerdictModel(VersionedModel):
    """A verdict on anomalies."""

    monitor: str
    verdict: str
    to: str
    note: str
