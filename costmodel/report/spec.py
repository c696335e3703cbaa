"""An architecture as it was read, before it is priced."""

from typing import TYPE_CHECKING

from costmodel.report.table import ReportColumn, ReportTable

if TYPE_CHECKING:
    from costmodel.usage.spec import ArchitectureSpec


def tables(spec: "ArchitectureSpec") -> list[ReportTable]:
    """Return the resources with the inputs that were given."""
    rows = [
        (
            resource.address,
            resource.region or spec.region or "the caller's",
            resource.count,
            ", ".join(f"{name}={value}" for name, value in resource.inputs.items()),
            resource.source,
        )
        for resource in spec.resources
    ]
    columns = (
        ReportColumn("Resource"),
        ReportColumn("Region"),
        ReportColumn("Count", "quantity"),
        ReportColumn("Inputs"),
        ReportColumn("Read from"),
    )
    notes = [f"! {issue.address}: {issue.message}" for issue in spec.issues]
    return [ReportTable("Architecture", columns, rows, notes=notes)]
