"""Estimates: what to price, and the priced architecture."""

from typing import Any, Literal, Self

from pydantic import BaseModel, Field, model_validator

from api.schemas.shared import Day, IssueModel, Name, Strict

SPEC_EXAMPLE = {
    "region": "eu-central-1",
    "resources": {
        "instance.web": {"instance_type": "m5.large", "count": 2},
        "ebs_volume.data": {"size": 100, "type": "gp3"},
    },
}


class Architecture(Strict):
    """An architecture in one of three ways: `spec`, `text` or `plan`."""

    spec: dict[str, Any] | None = Field(
        None, description="A spec as JSON: region and resources.", examples=[SPEC_EXAMPLE]
    )
    text: str | None = Field(
        None,
        min_length=1,
        description="The text of a YAML or JSON spec, a plan or a CloudFormation template.",
        examples=["region: us-east-1\nresources:\n  instance.web: {instance_type: t3.micro}\n"],
    )
    plan: dict[str, Any] | None = Field(
        None, description="The output of `terraform show -json PLAN`."
    )
    region: str | None = Field(
        None, description="Region of what names none.", max_length=40, examples=["us-east-1"]
    )

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if sum(source is not None for source in (self.spec, self.text, self.plan)) != 1:
            raise ValueError("give exactly one of spec, text and plan")
        return self


class EstimateRequest(Architecture):
    """What to price, and how."""

    name: Name | None = Field(None, description="A name to find it by.", examples=["web shop"])
    pool_tiers: Literal["account", "resource"] = Field(
        "account", description="Fill price tiers with all resources, as AWS does, or one by one."
    )
    free_tier: Literal["none", "always", "first-year"] = Field(
        "none", description="Subtract the account's free allowances once."
    )
    as_of: Day | None = Field(None, description="Report prices published later than this day.")
    store: bool = Field(default=True, description="Keep it, to be read and compared again.")

    def asked(self) -> dict[str, Any]:
        """Return what to price and how, as JSON; the architecture itself came as JSON."""
        given = {
            "spec": self.spec,
            "text": self.text,
            "plan": self.plan,
            "region": self.region,
            "pool_tiers": self.pool_tiers,
            "free_tier": self.free_tier,
            "as_of": self.as_of.isoformat() if self.as_of else None,
        }
        return {name: value for name, value in given.items() if value is not None}


class DiffRequest(Strict):
    """Two architectures, or two stored estimates, to compare."""

    before: Architecture | None = None
    after: Architecture | None = None
    before_id: str | None = Field(None, description="Id of a stored estimate.", max_length=64)
    after_id: str | None = Field(None, description="Id of a stored estimate.", max_length=64)

    @model_validator(mode="after")
    def _two_sides(self) -> Self:
        for side in ("before", "after"):
            given = (getattr(self, side), getattr(self, f"{side}_id"))
            if sum(one is not None for one in given) != 1:
                raise ValueError(f"give either {side} or {side}_id")
        return self


class Line(BaseModel):
    """One priced line of a resource."""

    name: str | None
    path: list[str]
    service_code: str | None
    usage_type: str | None
    operation: str | None
    unit: str | None
    quantity: float | None = Field(description="null where usage is not given")
    free_quantity: float | None
    list_unit_price: float | None
    list_cost: float | None
    effective_cost: float | None
    upfront_cost: float | None
    pricing_category: str | None
    sku_price_id: str | None
    basis: str | None
    usage_based: bool


class PricedResource(BaseModel):
    """One resource with its lines."""

    address: str
    type: str
    region: str | None
    list_cost: float | None
    effective_cost: float | None
    lines: list[Line]


class Totals(BaseModel):
    """Costs a month."""

    list_cost: float
    effective_cost: float
    upfront_cost: float


class CatalogVersion(BaseModel):
    """Which prices were used."""

    version: str
    published: str


class CoverageModel(BaseModel):
    """How much of the spec has a price."""

    resources: int
    priced: int
    free: int
    unsupported: int
    unpriced_lines: int


class EstimateModel(BaseModel):
    """A priced architecture."""

    id: str | None = Field(description="null where it was not kept")
    name: str
    created_at: str
    currency: str
    hours: int
    catalog: CatalogVersion
    total: Totals
    coverage: CoverageModel
    resources: list[PricedResource]
    issues: list[IssueModel]


class EstimateSummary(BaseModel):
    """A stored estimate in a list."""

    id: str
    name: str
    created_at: str
    list_cost: float
    effective_cost: float


class DifferenceModel(BaseModel):
    """One line that differs."""

    address: str
    line: str
    status: str
    before: float | None
    after: float | None
    change: float | None


class ComparisonModel(BaseModel):
    """What a change costs a month."""

    currency: str
    before: float
    after: float
    change: float
    differences: list[DifferenceModel]
    issues: list[IssueModel]


class Explanation(BaseModel):
    """How the lines of one resource came about."""

    address: str
    lines: list[dict[str, Any]]
