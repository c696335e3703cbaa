"""Forecasts, anomalies, changes, commitments, budgets and webhooks."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.shared import IssueModel, Moment, Name, Strict


class ForecastModel(BaseModel):
    """Spend to the end of month, quarter and year; the first rows are the total's."""

    metric: str
    currency: str
    data_through: str
    rows: list[dict[str, Any]]
    daily: dict[str, Any]
    backtest: dict[str, Any] | None
    issues: list[IssueModel]


class AnomaliesModel(BaseModel):
    """Unexpected rises, largest impact first."""

    metric: str
    currency: str
    days: int
    series: int
    anomalies: list[dict[str, Any]]
    ignored: int
    issues: list[IssueModel]


class ChangeModel(BaseModel):
    """Why one period costs more than another: by price, quantity, mix and fees."""

    metric: str
    before: str
    after: str
    total: dict[str, float | None]
    rows: list[dict[str, Any]]


class PlanRequest(Strict):
    """What may be bought, and how unsure the future is."""

    bill_id: str = Field(max_length=64)
    plan_types: list[Literal["Compute", "EC2Instance", "Database", "SageMaker"]] | None = None
    terms: list[Literal["1yr", "3yr"]] = Field(["1yr"], min_length=1, max_length=2)
    payments: list[Literal["No Upfront", "Partial Upfront", "All Upfront"]] = Field(
        ["No Upfront"], min_length=1, max_length=3
    )
    reserved: Literal["standard", "convertible", "none"] = "standard"
    risk: float | None = Field(None, ge=0.0, le=1.0)
    growth: float = Field(0.0, ge=-0.9, le=10.0)
    volatility: float = Field(0.15, ge=0.0, le=3.0)


class HeldModel(Strict):
    """One commitment that exists, or might."""

    plan_type: Literal["Compute", "EC2Instance", "Database", "SageMaker", "Reserved"] = "Compute"
    commitment: float = Field(ge=0.0, le=1e7, description="USD an hour, or instances reserved.")
    term: Literal["1yr", "3yr"] = "1yr"
    payment: Literal["No Upfront", "Partial Upfront", "All Upfront"] = "No Upfront"
    scope: str = Field("", max_length=64)
    region: str = Field("", max_length=40)


class SimulateRequest(Strict):
    """Commitments to replay a bill's usage under."""

    bill_id: str = Field(max_length=64)
    commitments: list[HeldModel] = Field(min_length=1, max_length=50)
    sharing: Literal["OPEN", "PRIORITIZED", "RESTRICTED"] = "OPEN"


class ResultModel(BaseModel):
    """A result as the command line prints it in JSON."""

    model_config = ConfigDict(extra="allow")


class ScenarioRequest(Strict):
    """Other regions, families, processors, discounts or commitments for a whole bill."""

    scenario: dict[str, Any] = Field(examples=[{"region": {"us-east-1": "us-east-2"}}])


class BudgetRequest(BaseModel):
    """A budget as in budgets.yaml: name, limit, period, filter, thresholds and the rest."""

    model_config = ConfigDict(extra="allow")

    name: Name = Field(examples=["team web"])
    limit: Any = Field(examples=[1000])
    thresholds: list[Any] = Field([], max_length=20, examples=[["80%", "100%"]])


class VersionedModel(BaseModel):
    """A document with a version."""

    model_config = ConfigDict(extra="allow")

    id: str
    name: str
    version: int
    created_at: str
    updated_at: str


class CheckRequest(Strict):
    """Which bill to hold the budgets against."""

    bill_id: str = Field(max_length=64)
    as_of: Moment | None = None
    send: bool = Field(default=False, description="Deliver new alerts, and remember them.")


class WebhookRequest(Strict):
    """Where alerts go."""

    name: Name = Field(examples=["on call"])
    format: Literal["json", "slack", "teams", "discord"] = "json"
    url: str = Field(min_length=8, max_length=1000, examples=["https://example.com/hook"])
    budgets: list[Name] = Field(["*"], min_length=1, max_length=50)
    min_severity: Literal["info", "warning", "error", "critical"] = "info"


class WebhookModel(VersionedModel):
    """A webhook; its URL is shown without its path, which is often a secret."""

    format: str
    url: str
    budgets: list[str]
    min_severity: str


class NewWebhookModel(WebhookModel):
    """A webhook as it is shown once, with the secret its deliveries are signed with."""

    signing_secret: str | None


class DeliveryModel(BaseModel):
    """An alert on its way to a destination."""

    alert: dict[str, Any]
    destination: str
    status: str
    attempts: int
    next_at: str | None
    last_answer: str
    delivered_at: str | None
    webhook_id: str


class DeliveryList(BaseModel):
    """The newest deliveries."""

    items: list[DeliveryModel]
    next_cursor: None = None
    disabled: dict[str, str]


class TestResult(BaseModel):
    """What became of a test delivery."""

    status: str
    answer: str


class ReplayRequest(Strict):
    """What to deliver again: dead letters, or one alert."""

    alert_key: str | None = Field(None, max_length=500)
    destination: str | None = Field(None, max_length=200)


class ReplayResult(BaseModel):
    """How many deliveries are pending again."""

    replayed: int


class SuppressionRequest(Strict):
    """A recommendation nobody wants to see again for a while."""

    key: str = Field(min_length=1, max_length=300, description="The recommendation's key.")
    reason: str = Field("", max_length=1000)
    until: Moment | None = None
