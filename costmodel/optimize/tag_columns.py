"""Columns that follow from tags and names: environment, wish to keep, roles idle by design."""

import re
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

_ENVIRONMENT_KEYS: Final = ("environment", "env", "stage", "environment-type", "tier")
_PRODUCTION: Final = frozenset(("prod", "production", "prd", "live"))
_OTHER: Final = frozenset(
    ("dev", "development", "test", "testing", "qa", "uat", "staging", "stage", "stg", "sandbox",
     "nonprod", "non-prod", "nonproduction", "demo", "poc", "int", "ci")
)  # fmt: skip
KEEP_TAG: Final = "costmodel:keep"
# Names that say what nOps and others leave alone: kept, golden and standby resources.
_KEPT_NAME: Final = re.compile(r"(?i)(^|[^a-z])(keep|retain|golden|do-not-delete)([^a-z]|$)")
# Idle or large by design: standbys of another site, and hosts a licence is bound to.
_ROLE_KEYS: Final = ("role", "purpose", "function", "type", "tier", "service", "application")
STANDBY, LICENCE_HOST = "disaster recovery", "licence host"
_ROLES: Final = (
    (STANDBY, re.compile(
        r"(?i)(^|[^a-z])(dr|disaster[-_ ]?recovery|standby|failover|pilot[-_ ]?light)([^a-z]|$)")),
    (LICENCE_HOST, re.compile(
        r"(?i)(^|[^a-z])(licen[cs]e|licen[cs]ing|flexlm|rlm|kms[-_ ]?host)([^a-z]|$)")),
)  # fmt: skip


def tag_columns(tags: Sequence[Any], names: Sequence[Any]) -> dict[str, Array]:
    """Return ``environment``, ``is_kept`` and ``protected_role`` of every resource.

    ``environment`` is production, nonproduction or None where no tag says so. ``is_kept`` is the
    tag ``costmodel:keep`` or a name such as *golden* or *keep*. ``protected_role`` is a standby or
    a licence host by name or by a tag such as *role*; None for the others.

    Args:
        tags: (n,) pairs of key and value, or None.
        names: (n,) names, or None.
    """
    environment = np.empty(len(tags), dtype=object)
    is_kept = np.zeros(len(tags), dtype=bool)
    role = np.empty(len(tags), dtype=object)
    for row, (pairs, name) in enumerate(zip(tags, names, strict=True)):
        found = {str(k).lower(): str(v or "").lower() for k, v in pairs or ()}
        environment[row] = _environment(found) if found else None
        text = found.get("name", "") or str(name or "")
        is_kept[row] = found.get(KEEP_TAG, "false") not in ("false", "no", "0", "") or (
            _KEPT_NAME.search(text) is not None
        )
        role[row] = _role(text, *(found.get(key, "") for key in _ROLE_KEYS))
    return {"environment": environment, "is_kept": is_kept, "protected_role": role}


def _role(*texts: str) -> str | None:
    for role, pattern in _ROLES:
        if any(pattern.search(text) for text in texts if text):
            return role
    return None


def _environment(tags: dict[str, str]) -> str | None:
    for key in _ENVIRONMENT_KEYS:
        value = tags.get(key, "")
        if value in _PRODUCTION:
            return "production"
        if value in _OTHER:
            return "nonproduction"
    return None
