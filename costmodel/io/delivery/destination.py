"""Where alerts go: the destinations file (``webhooks.yaml``), checked when it is read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

import yaml

from costmodel.budget.alert import Alert, AlertKind, Severity
from costmodel.errors import BadInputError
from costmodel.io.delivery.fields import Fields
from costmodel.io.delivery.guard import GuardPolicy, check_url, parse_internal_receivers
from costmodel.io.delivery.secret import SecretReference

WEBHOOK_FORMATS: Final = ("json", "slack", "teams", "discord", "pagerduty")
FORMATS: Final = (*WEBHOOK_FORMATS, "email", "sns", "exec")
PAGERDUTY_URL: Final = "https://events.pagerduty.com/v2/enqueue"
_SEVERITIES: Final = tuple(Severity)


@dataclass(frozen=True, slots=True)
class Webhook:
    """An HTTPS receiver; its URL may be a secret itself, as Slack's and Discord's are.

    Attributes:
        format: one of ``WEBHOOK_FORMATS``.
        url: the URL, or a reference to it.
        signing_keys: Standard Webhooks secrets, newest first; two during a rotation.
        routing_key: PagerDuty's integration key.
        ca_file: certificates to trust instead of the system's, for internal receivers.
    """

    format: str
    url: str | SecretReference
    signing_keys: tuple[SecretReference, ...]
    routing_key: SecretReference | None
    ca_file: str | None


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Recipients behind an SMTP server."""

    host: str
    port: int
    security: str  # "starttls", "tls" or, inside the own network, "none"
    sender: str
    recipients: tuple[str, ...]
    username: str | None
    password: SecretReference | None


@dataclass(frozen=True, slots=True)
class Topic:
    """An SNS topic; credentials come from boto3's own chain."""

    arn: str


@dataclass(frozen=True, slots=True)
class Command:
    """A program that reads the alert as JSON on its standard input; runs only if allowed."""

    argv: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Route:
    """Which alerts a destination gets."""

    budgets: tuple[str, ...] = ("*",)
    kinds: frozenset[AlertKind] = frozenset(AlertKind)
    min_severity: Severity = Severity.INFO

    def accepts(self, alert: Alert) -> bool:
        """Say whether an alert belongs here; a recovery does wherever its alarm could go."""
        severe = _SEVERITIES.index(alert.severity) >= _SEVERITIES.index(self.min_severity)
        return (
            alert.kind in self.kinds
            and (severe or alert.kind is AlertKind.RECOVERED)
            and any(fnmatchcase(alert.budget, pattern) for pattern in self.budgets)
        )


@dataclass(frozen=True, slots=True)
class Destination:
    """One named destination.

    Attributes:
        name: its name; part of the idempotency key, so renaming sends pending alerts nowhere.
        target: what kind of receiver.
        route: which alerts it gets.
        fallback: the destination that gets what this one could not.
    """

    name: str
    target: Webhook | Mailbox | Topic | Command
    route: Route = field(default_factory=Route)
    fallback: str | None = None


@dataclass(frozen=True, slots=True)
class DeliveryConfig:
    """The destinations, what the operator allows them, and the SNS topics we listen to."""

    destinations: Mapping[str, Destination]
    policy: GuardPolicy = field(default_factory=GuardPolicy)
    allow_exec: bool = False
    topics: tuple[str, ...] = ()


def read_destinations(path: str | Path) -> DeliveryConfig:
    """Read a destinations file.

    Raises:
        BadInputError: one line with the file, the place and the remedy.
    """
    where = str(path)
    try:
        tree = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise BadInputError(
            f"{where}: cannot be read ({reason}); name a YAML file such as "
            "examples/alerts/local.yaml with --destinations"
        ) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" in line {mark.line + 1}" if mark else ""
        raise BadInputError(f"{where}: not valid YAML{line}; mend it there") from None
    return parse_destinations(tree, where)


def parse_destinations(tree: Any, where: str) -> DeliveryConfig:
    """Return the configuration in a destinations file's content."""
    fields = Fields(tree, where)
    hosts, networks = parse_internal_receivers(fields.texts("internal_receivers", ()))
    policy = GuardPolicy(frozenset(fields.ports("ports", (443,))), hosts, networks)
    allow_exec = fields.flag("allow_exec")
    topics = fields.texts("receive_from_topics", ())
    found: dict[str, Destination] = {}
    for place, entry in fields.entries("destinations"):
        destination = parse_destination(entry, place, policy, allow_exec=allow_exec)
        if destination.name in found:
            raise BadInputError(f"{place}: the name {destination.name!r} is taken; choose another")
        found[destination.name] = destination
    fields.end()
    for destination in found.values():
        if destination.fallback is not None and destination.fallback not in found:
            raise BadInputError(
                f"{where}, destination {destination.name}: fallback {destination.fallback!r} is "
                "not a destination"
            )
    return DeliveryConfig(found, policy, allow_exec, topics)


def parse_destination(
    entry: Any, where: str, policy: GuardPolicy, *, allow_exec: bool
) -> Destination:
    """Return one destination of a destinations file, or of the REST API."""
    fields = Fields(entry, where)
    name = fields.text("name")
    fields = fields.at(f"{where} ({name})")
    format_name = fields.choice("format", FORMATS)
    target: Webhook | Mailbox | Topic | Command
    match format_name:
        case "email":
            target = _parse_mailbox(fields, policy)
        case "sns":
            target = _parse_topic(fields)
        case "exec":
            target = _parse_command(fields, allow_exec=allow_exec)
        case _:
            target = _parse_webhook(fields, format_name, policy)
    route = Route(
        fields.texts("budgets", ("*",)),
        frozenset(AlertKind(k) for k in fields.choices("kinds", tuple(AlertKind))),
        Severity(fields.choice("min_severity", _SEVERITIES, Severity.INFO)),
    )
    destination = Destination(name, target, route, fields.optional_text("fallback"))
    fields.end()
    return destination


def _parse_webhook(fields: Fields, format_name: str, policy: GuardPolicy) -> Webhook:
    default_url = PAGERDUTY_URL if format_name == "pagerduty" else None
    url = fields.text_or_secret("url", default_url)
    if isinstance(url, str):
        try:
            check_url(url, policy)
        except BadInputError as error:
            raise BadInputError(f"{fields.where}: {error}") from None
    keys = fields.secrets("signing_keys") if format_name == "json" else ()
    routing_key = fields.secret("routing_key") if format_name == "pagerduty" else None
    return Webhook(format_name, url, keys, routing_key, fields.optional_text("ca_file"))


def _parse_mailbox(fields: Fields, policy: GuardPolicy) -> Mailbox:
    host = fields.text("host").lower()
    security = fields.choice("security", ("starttls", "tls", "none"), "starttls")
    if security == "none" and not policy.is_internal(host):
        raise BadInputError(f"{fields.where}: security none needs {host} in internal_receivers")
    username = fields.optional_text("username")
    return Mailbox(
        host=host,
        port=fields.port("port", 465 if security == "tls" else 587),
        security=security,
        sender=fields.text("from"),
        recipients=fields.texts("to"),
        username=username,
        password=fields.secret("password") if username else None,
    )


def _parse_topic(fields: Fields) -> Topic:
    arn = fields.text("topic_arn")
    if len(arn.split(":")) != 6 or not arn.startswith("arn:aws") or arn.split(":")[2] != "sns":
        raise BadInputError(
            f"{fields.where}: topic_arn {arn!r} is not one; write arn:aws:sns:REGION:ACCOUNT:NAME"
        )
    return Topic(arn)


def _parse_command(fields: Fields, *, allow_exec: bool) -> Command:
    if not allow_exec:
        raise BadInputError(
            f"{fields.where}: format exec is off; set allow_exec: true at the top of the file"
        )
    return Command(fields.texts("command"))
