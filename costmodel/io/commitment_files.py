"""Files about commitments: existing ones, and Cost Explorer's advice."""

from pathlib import Path
from typing import Any

from costmodel.errors import BadInputError, one_line
from costmodel.optimize.commitments.advice import (
    Advice,
    Utilization,
    parse_advice,
    parse_utilization,
)
from costmodel.optimize.commitments.held import HeldCommitment, parse_held

# An organisation has at most a few thousand plans; an answer of that size is a few megabytes.
_LARGEST = 64 * 1024 * 1024


def read_held(path: str | Path) -> list[HeldCommitment]:
    """Return the commitments in a file.

    Args:
        path: YAML or JSON: the answer of ``aws savingsplans describe-savings-plans``, or a list
            ``commitments`` of objects with ``plan_type``, ``commitment`` and so on.
    """
    return parse_held(_document(Path(path)), str(path))


def read_advice(path: str | Path) -> list[Advice]:
    """Return the commitments AWS recommends.

    Args:
        path: the answer of ``aws ce get-savings-plans-purchase-recommendation``.
    """
    return parse_advice(_document(Path(path)), str(path))


def read_utilization(path: str | Path) -> Utilization:
    """Return how far Savings Plans were used, as Cost Explorer reports it.

    Args:
        path: the answer of ``aws ce get-savings-plans-utilization``.
    """
    return parse_utilization(_document(Path(path)), str(path))


def _document(path: Path) -> Any:
    import yaml

    try:
        size = path.stat().st_size
        if size > _LARGEST:
            raise BadInputError(f"{path}: {size:,} bytes is no list of commitments")
        # JSON is YAML.
        return yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise BadInputError(f"{path}: cannot be read ({error.strerror}); check the name") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadInputError(f"{path}: is neither JSON nor YAML: {one_line(error)}") from None
