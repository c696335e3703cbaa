"""Prices of the catalog."""

from pydantic import BaseModel, ConfigDict, Field


class PriceRow(BaseModel):
    """One tier of one SKU, FOCUS-named."""

    model_config = ConfigDict(extra="allow")

    service_code: str = Field(alias="x_ServiceCode", examples=["AmazonS3"])
    usage_type: str = Field(alias="x_UsageType", examples=["TimedStorage-ByteHrs"])
    operation: str | None = Field(alias="x_Operation")
    basis: str | None = Field(alias="x_Basis")
    RegionId: str = Field(examples=["eu-west-1"])
    PricingCategory: str | None
    BeginRange: float | None
    EndRange: float | str | None = Field(description="Inf where the tier has no end")
    PricingUnit: str | None
    ListUnitPrice: float | None
    SkuPriceId: str | None


class PricePage(BaseModel):
    """Prices found."""

    items: list[PriceRow]
    next_cursor: str | None = None
    catalog_version: str
    published: str


class CatalogInfo(BaseModel):
    """What the catalog holds."""

    version: str
    published: str
    currency: str
    services: list[str]
    regions: list[str]
