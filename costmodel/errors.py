"""The errors and issues of costmodel.

Exceptions are for what the caller must fix; issues are for rows that could not be priced as asked.

    CostModelError
    ├── BadInputError            a file, option or value the user gave is wrong (exit code 2)
    │   ├── SpecError            an architecture spec, Terraform or CloudFormation input
    │   ├── BillError            a bill that cannot be read as what it says it is
    │   ├── UsageFileError       a usage file
    │   └── CommitmentError      usage, rates or plans that cannot be simulated
    ├── SheetError               a service sheet in pricing_data/services is wrong
    ├── CatalogError             the catalog is missing, corrupt or does not verify
    ├── FormulaError             a formula is outside the closed language
    ├── IncompleteEstimateError  `require_complete` found usage without a price (exit code 3)
    └── MissingDependencyError   an optional package is not installed (the message names the extra)
"""

from dataclasses import dataclass
from enum import StrEnum


class CostModelError(Exception):
    """The root of every error costmodel raises on purpose.

    The message is one line: what is wrong, where, and what to do.
    """

    def _render_traceback_(self) -> list[str]:
        """Return what Jupyter shows: the line that helps, not the way the error took."""
        return [f"{type(self).__name__}: {self}"]


class BadInputError(CostModelError):
    """Something the user gave is wrong; the message names the file, the place and the remedy."""


class SpecError(BadInputError):
    """An architecture spec, Terraform or CloudFormation input cannot be understood."""


class BillError(BadInputError):
    """A bill cannot be read as what it says it is."""


class UsageFileError(BadInputError):
    """A usage file names an unknown resource, key or value."""


class CommitmentError(BadInputError, ValueError):
    """Usage, rates or plans that cannot be simulated; a ValueError too, as numpy users expect."""


class SheetError(CostModelError):
    """A service sheet contradicts itself or the catalog."""


class CatalogError(CostModelError):
    """The price catalog is missing, corrupt or does not verify."""


class FormulaError(CostModelError):
    """A formula is outside the closed language, or reads an unknown name."""


class IncompleteEstimateError(CostModelError):
    """Some usage has no price and the caller asked for completeness."""


class MissingDependencyError(CostModelError):
    """An optional package is not installed."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(
            f"this needs the package '{package}': install it with pip install 'costmodel[{extra}]'"
        )


def one_line(error: Exception) -> str:
    """Return the message of somebody else's error as a part of ours: one line, 200 characters."""
    return " ".join(str(error).split())[:200]


class IssueReason(StrEnum):
    """Why a row could not be priced as asked."""

    NO_SKU = "no price for this service, region, usage type and operation"
    AMBIGUOUS_SKU = "several prices match and nothing says which"
    NO_RATE_AT_DATE = "the SKU has no rate on that date"
    NO_COMMITTED_RATE = "no reserved or savings-plan rate for this usage"
    UNIT_MISMATCH = "usage unit and PricingUnit differ"
    CURRENCY_MISMATCH = "the bill's currency is not the catalog's"
    UNKNOWN_REGION = "the region is not one the catalog knows"
    UNKNOWN_RESOURCE_TYPE = "no service sheet knows this resource type"
    UNKNOWN_VALUE = "an input has a value the sheet does not know"
    MISSING_INPUT = "an input that decides the price is not given"
    UNRESOLVED = "the value is only known after apply"
    NOT_PRICED = "this charge is not in the price data"
    DATA_QUALITY = "the input is inconsistent"
    NOT_READ = "the account or file did not let this be read"
    APPROXIMATION = "the figure rests on an assumption"


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing that could not be priced as asked, with the place it came from."""

    reason: IssueReason
    address: str
    message: str

    def to_json(self) -> dict[str, str]:
        """Return the issue as the JSON object of the design page."""
        return {"reason": self.reason.name, "address": self.address, "message": self.message}
