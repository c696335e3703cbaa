"""Suppressed recommendations, and what became of those of earlier runs."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any, Final

from costmodel.errors import BadInputError
from costmodel.optimize.recommendation import Recommendation, Recommendations

_KEYS: Final = ("check", "resource", "account", "tag", "reason", "owner", "until")


@dataclass(frozen=True, slots=True)
class Suppression:
    """A decision not to follow some advice.

    Attributes:
        reason, owner: why and whose decision; both are required.
        until: last day it holds; None is for ever.
        check, resource, account: patterns with * and ?; "*" is any.
        tag: ``key=value`` the resource must have; empty is any.
    """

    reason: str
    owner: str
    until: date | None = None
    check: str = "*"
    resource: str = "*"
    account: str = "*"
    tag: str = ""

    def holds(self, found: Recommendation, today: date) -> bool:
        """Say whether it suppresses a recommendation today."""
        key, _, value = self.tag.partition("=")
        names = (found.resource_id, found.arn, found.name)
        return (
            (self.until is None or today <= self.until)
            and fnmatchcase(found.rule.id, self.check)
            and any(fnmatchcase(n, self.resource) for n in names)
            and fnmatchcase(found.account_id, self.account)
            and (not self.tag or found.tags.get(key) == value)
        )  # fmt: skip


def parse_suppressions(document: Any, name: str) -> list[Suppression]:
    """Return the suppressions of a parsed YAML document.

    Raises:
        BadInputError: an entry is wrong; the message names the file and the entry.
    """
    if not isinstance(document, Sequence) or isinstance(document, str):
        raise BadInputError(f"{name}: give a list of suppressions; keys: {', '.join(_KEYS)}")
    return [_suppression(entry, f"{name}: entry {n}") for n, entry in enumerate(document, 1)]


def _suppression(entry: Any, where: str) -> Suppression:
    if not isinstance(entry, Mapping):
        raise BadInputError(f"{where}: is a mapping with {', '.join(_KEYS)}")
    for key in entry:
        if key not in _KEYS:
            raise BadInputError(f"{where}: unknown key {key!r}; there are {', '.join(_KEYS)}")
    for key in ("reason", "owner"):
        if not entry.get(key):
            raise BadInputError(f"{where}: give a {key}")
    until = entry.get("until")
    if until is not None and not isinstance(until, date):
        try:
            until = date.fromisoformat(str(until))
        except ValueError:
            raise BadInputError(f"{where}: until {until!r} is no date like 2027-01-31") from None
    texts = {
        key: str(entry[key]) for key in ("check", "resource", "account", "tag") if key in entry
    }
    return Suppression(str(entry["reason"]), str(entry["owner"]), until, **texts)


def check_known(suppressions: Sequence[Suppression], checks: Collection[str], name: str) -> None:
    """Refuse a suppression that can never hold, because it names a check there is not.

    Args:
        suppressions: as parsed, in the order of the file.
        checks: ids of every check.
        name: name of the file for messages.

    Raises:
        BadInputError: no id fits the pattern of an entry; the message has the nearest id.
    """
    for number, one in enumerate(suppressions, 1):
        if not any(fnmatchcase(check, one.check) for check in checks):
            near = get_close_matches(one.check, checks, n=1)
            advice = f"did you mean {near[0]}?" if near else "see 'recommend --list-rules'"
            raise BadInputError(f"{name}: entry {number}: no check fits {one.check!r}; {advice}")


def suppress(
    result: Recommendations, suppressions: Sequence[Suppression], today: date
) -> Recommendations:
    """Return the result with suppressed recommendations set aside, each with its reason."""
    kept, aside = [], list(result.suppressed)
    for found in result.accepted:
        hit = next((s for s in suppressions if s.holds(found, today)), None)
        if hit is None:
            kept.append(found)
        else:
            ends = f" until {hit.until}" if hit.until else ""
            aside.append((found, f"{hit.reason} ({hit.owner}{ends})"))
    return replace(result, accepted=kept, suppressed=aside)


def follow_up(
    result: Recommendations, earlier: Mapping[str, Mapping[str, Any]], today: date
) -> tuple[Recommendations, dict[str, dict[str, Any]]]:
    """Compare with earlier runs: new, open and reappeared advice, and what is done.

    Args:
        result: this run.
        earlier: fingerprint → record of the state file.
        today: day of this run.

    Returns:
        The result with the status of each recommendation and those done since; the new state.
    """
    state = {key: dict(record) for key, record in earlier.items()}
    listed = []
    for found in result.accepted:
        record = state.get(found.fingerprint)
        status = "new" if record is None else _again(str(record.get("status")))
        first = today.isoformat() if record is None else record["first_seen"]
        state[found.fingerprint] = {
            "status": "open", "check": found.rule.id, "resource": found.resource_id,
            "recommended": found.recommended, "saving": found.effective_saving,
            "included": list(found.included), "stage": found.rule.stage,
            "first_seen": first, "last_seen": today.isoformat(),
        }  # fmt: skip
        listed.append(replace(found, status=status))
    present = {r.fingerprint for r in (*result.accepted, *(r for r, _ in result.suppressed))}
    done = []
    for key, record in state.items():
        if key not in present and record["status"] == "open":
            record |= {"status": "done", "done": today.isoformat()}
            done.append({"fingerprint": key, **record})
    return replace(result, accepted=listed, done=done), state


def _again(status: str) -> str:
    return "reappeared" if status == "done" else "open"
