"""Read an architecture of any kind: the kind is told from the content, not from the name."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from costmodel.errors import SpecError
from costmodel.io.iac.documents import parse_document, read_text
from costmodel.io.iac.spec_file import parse_spec
from costmodel.io.iac.terraform.directory import read_directory
from costmodel.io.iac.terraform.plan import is_plan, is_state, parse_plan, parse_state
from costmodel.io.iac.usage_file import UsageFile, apply_usage, read_usage_file
from costmodel.usage.spec import ArchitectureSpec


def read_spec(
    path: str | Path,
    *,
    region: str | None = None,
    usage: str | Path | UsageFile | None = None,
    known_inputs: Mapping[str, Collection[str]] | None = None,
    variable_files: Sequence[str | Path] = (),
) -> ArchitectureSpec:
    """Read an architecture: a spec, a Terraform directory, plan or state.

    Args:
        path: a YAML or JSON spec, a Terraform directory, or a plan or state in JSON.
        region: region of the resources that fix none.
        usage: a usage file, or its path.
        known_inputs: resource type → names of its inputs; misspelt ones in a YAML spec become
            errors.
        variable_files: Terraform variable files beside those Terraform loads by itself.

    Raises:
        SpecError: the input cannot be understood; the message says where and what to do.
        UsageFileError: the same for the usage file.
    """
    spec = _read(Path(path), known_inputs, variable_files)
    if region is not None and spec.region is None:
        spec = replace(spec, region=region)
    if usage is None:
        return spec
    return apply_usage(spec, usage if isinstance(usage, UsageFile) else read_usage_file(usage))


def read_plan(path: str | Path) -> tuple[ArchitectureSpec, ArchitectureSpec]:
    """Read a Terraform plan JSON: what exists before it, what will exist after it."""
    path = Path(path)
    document = parse_document(read_text(path), str(path))
    if not is_plan(document):
        raise SpecError(
            f"{path}: is not a Terraform plan in JSON; "
            "give the output of 'terraform show -json PLANFILE'"
        )
    return parse_plan(document, str(path))


def _read(
    path: Path,
    known_inputs: Mapping[str, Collection[str]] | None,
    variable_files: Sequence[str | Path],
) -> ArchitectureSpec:
    if not path.exists():
        raise SpecError(f"{path}: does not exist; check the path")
    if path.is_dir():
        return read_directory(path, variable_files)
    if path.suffix == ".tf":
        raise SpecError(f"{path}: is one file of a Terraform module; give its directory")
    document = parse_document(read_text(path), str(path))
    return _spec_of(document, str(path), known_inputs)


def _spec_of(
    document: Any, name: str, known_inputs: Mapping[str, Collection[str]] | None
) -> ArchitectureSpec:
    if is_plan(document):
        return parse_plan(document, name)[1]
    if is_state(document):
        return parse_state(document, name)
    return parse_spec(document, name, known_inputs)
