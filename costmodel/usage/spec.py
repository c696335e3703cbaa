"""An architecture as every reader hands it over: resources with inputs, not yet priced.

YAML specs, Terraform, CloudFormation and live inventories all become one ``ArchitectureSpec``;
resource types are Terraform's, inputs are Terraform's attribute names, and usage inputs carry the
names of the usage-file keys.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from costmodel.errors import Issue
from costmodel.result import Shown


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource of an architecture.

    Attributes:
        address: unique name, Terraform's address where there is one (``aws_instance.web[0]``).
        type: Terraform's resource type (``aws_instance``).
        region: region code, or None to take the spec's.
        inputs: attribute name → value; nested blocks are lists of mappings, as in a plan JSON.
            Usage inputs of a YAML spec stand here too.
        usage: usage-file values; they lose against an attribute of the same name in ``inputs``.
        references: attribute name → addresses of the resources it refers to
            (``{"launch_template": ["aws_launch_template.web"]}``); nested attributes are dotted.
        unknown: attribute names whose value is known only after apply.
        source: where the resource was read, ``file:line``.
        count: how many of it there are.
    """

    address: str
    type: str
    region: str | None = None
    inputs: Mapping[str, Any] = field(default_factory=dict)
    usage: Mapping[str, Any] = field(default_factory=dict)
    references: Mapping[str, Sequence[str]] = field(default_factory=dict)
    unknown: frozenset[str] = frozenset()
    source: str = ""
    count: float = 1.0


@dataclass(frozen=True, slots=True)
class ArchitectureSpec(Shown):
    """Resources to price together, with what could not be read.

    Attributes:
        resources: in the order of the source.
        region: region of the resources that name none; None where the source fixes none.
        issues: what could not be understood, each with the place it stands in.
    """

    report_module: ClassVar[str] = "costmodel.report.spec"

    resources: Sequence[Resource]
    region: str | None = None
    issues: Sequence[Issue] = ()

    def __repr__(self) -> str:
        where = f" in {self.region}" if self.region else ""
        return (
            f"ArchitectureSpec({len(self.resources)} resources{where}, {len(self.issues)} issues)"
        )

    @property
    def table(self) -> Any:
        """The resources as a pandas DataFrame."""
        import pandas as pd

        return pd.DataFrame(
            {
                "ResourceId": [resource.address for resource in self.resources],
                "ResourceType": [resource.type for resource in self.resources],
                "RegionId": [resource.region or self.region for resource in self.resources],
                "x_Count": [resource.count for resource in self.resources],
                "x_Inputs": [dict(resource.inputs) for resource in self.resources],
                "x_Source": [resource.source for resource in self.resources],
            }
        )
