"""Bills, jobs and what one may ask of a bill."""

from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import BaseModel, Field

from api.schemas.shared import IssueModel, Name, Strict


class BillRequest(Strict):
    """A new bill: empty, to upload parts into, or a reference to files the operator allowed."""

    name: Name = Field(examples=["October"])
    reference: str | None = Field(
        None,
        min_length=1,
        max_length=1000,
        description="A path or s3:// prefix below one of the operator's --bills.",
    )


class SampleRequest(Strict):
    """A generated bill to try things with."""

    name: Name = Field("Sample data", examples=["Sample data"])
    rows: int = Field(60_000, ge=1_000, le=2_000_000)
    months: int = Field(4, ge=1, le=24)


class BillChange(Strict):
    """What may be changed of a bill."""

    name: Name


class BillModel(BaseModel):
    """A bill."""

    id: str
    name: str
    status: Literal["empty", "queued", "ready", "failed"]
    reference: str | None
    error: str | None
    version: int
    created_at: str
    updated_at: str
    facts: dict[str, Any] = Field(description="Rows, period, currencies, columns, totals.")


class PartModel(BaseModel):
    """One uploaded part."""

    number: int
    file_name: str
    bytes: int
    sha256: str


class JobModel(BaseModel):
    """A job."""

    id: str
    kind: str
    status: Literal["queued", "running", "done", "failed", "cancelled"]
    progress: float = Field(ge=0.0, le=1.0)
    message: str
    attempts: int
    payload: dict[str, Any]
    result: dict[str, Any] | None
    created_at: str
    started_at: str | None
    finished_at: str | None


class BillAndJob(BaseModel):
    """A bill and the job that fills it."""

    bill: BillModel
    job: JobModel | None


class CostModel(BaseModel):
    """Cost by group and period."""

    currency: str
    granularity: str
    total: dict[str, float]
    rows: list[dict[str, Any]] = Field(
        examples=[[{"ServiceName": "Amazon Simple Storage Service", "EffectiveCost": 12.5}]]
    )
    issues: list[IssueModel]


Granularity = Annotated[
    Literal["total", "monthly", "daily", "hourly"], Query(description="Length of a period.")
]
Filter = Annotated[
    str | None,
    Query(
        max_length=2000,
        description="RegionId = 'eu-west-1' and tag:team is null",
        examples=["ServiceName = 'AWS Lambda'"],
    ),
]
GroupBy = Annotated[
    list[Annotated[str, Field(max_length=200)]],
    Query(max_length=6, description="Columns, or tags as tag:team.", examples=[["ServiceName"]]),
]
Metric = Annotated[
    list[Annotated[str, Field(max_length=100)]],
    Query(max_length=6, description="EffectiveCost, BilledCost, ListCost …"),
]
Top = Annotated[
    int | None, Query(ge=1, le=1000, description="Largest groups; the rest is 'other'.")
]
