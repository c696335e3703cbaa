"""The account to read: credentials from the usual chain, clients that wait when throttled."""

import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from costmodel.errors import BadInputError, Issue, IssueReason, MissingDependencyError

_REGION: Final = re.compile(r"^[a-z]{2,4}(-[a-z]+)+-\d+$")
_URL: Final = re.compile(r"^https?://[^/\s]+")
# Where services without regions answer, by partition.
_HOME_REGION: Final = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}
ATTEMPTS: Final = 8
_CONNECT_SECONDS: Final = 10
_READ_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class Account:
    """A readable account.

    Attributes:
        account_id: its id.
        partition: aws, aws-cn or aws-us-gov.
        regions: regions to read.
    """

    session: Any
    account_id: str
    partition: str
    regions: Sequence[str]
    endpoint_url: str | None
    workers: int
    attempts: int
    clients: dict[tuple[str, str], Any] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def home_region(self) -> str:
        """Region that answers for services without regions."""
        return _HOME_REGION.get(self.partition, "us-east-1")

    def client(self, service: str, region: str) -> Any:
        """Return the client of a service in a region, made once."""
        # boto3 sessions may not make clients in two threads at once.
        with self.lock:
            key = (service, region)
            if key not in self.clients:
                self.clients[key] = _make_client(
                    self.session, service, region, self.endpoint_url, self.workers, self.attempts
                )
            return self.clients[key]

    def serves(self, service: str, region: str) -> bool:
        """Say whether a service is known to have an endpoint in a region."""
        known = self.session.get_available_regions(service, partition_name=self.partition)
        return not known or region in known


def open_account(
    *,
    regions: Sequence[str] = (),
    profile: str | None = None,
    endpoint_url: str | None = None,
    workers: int = 16,
    attempts: int = ATTEMPTS,
) -> tuple[Account, list[Issue]]:
    """Find out who we are and which regions are enabled.

    Args:
        regions: regions to read; empty reads every enabled one.
        profile: profile of the AWS configuration files.
        endpoint_url: answers all calls instead of AWS (tests, proxies).
        workers: calls in flight at once.
        attempts: most tries of one call.
    """
    _check(regions, endpoint_url, workers)
    boto3, errors = _boto3()
    try:
        session = boto3.Session(profile_name=profile, region_name=_default_region(boto3, profile))
        sts = _make_client(session, "sts", session.region_name, endpoint_url, workers, attempts)
        identity = sts.get_caller_identity()
    except (errors.HTTPClientError, errors.ConnectionError) as error:
        raise BadInputError(f"cannot reach AWS: {error}; check the network") from error
    except (errors.BotoCoreError, errors.ClientError) as error:
        raise BadInputError(
            f"AWS does not accept the credentials: {error}; set AWS_PROFILE or --profile"
        ) from error
    partition = identity["Arn"].split(":")[1]
    account = Account(
        session, identity["Account"], partition, tuple(regions), endpoint_url, workers, attempts
    )
    if regions:
        return account, []
    found, issues = _enabled_regions(account, errors)
    return Account(
        session, account.account_id, partition, found, endpoint_url, workers, attempts
    ), issues


def _check(regions: Sequence[str], endpoint_url: str | None, workers: int) -> None:
    for region in regions:
        if not _REGION.match(region):
            raise BadInputError(f"--region {region}: is not a region code such as eu-west-1")
    if endpoint_url is not None and not _URL.match(endpoint_url):
        raise BadInputError(f"--endpoint-url {endpoint_url}: must begin with http:// or https://")
    if workers < 1:
        raise BadInputError(f"--workers {workers}: must be at least 1")


def _enabled_regions(account: Account, errors: Any) -> tuple[list[str], list[Issue]]:
    try:
        answer = account.client("ec2", account.session.region_name).describe_regions()
    except (errors.BotoCoreError, errors.ClientError) as error:
        here = account.session.region_name
        message = f"{error}; only {here} was read; name the others with --region"
        return [here], [Issue(IssueReason.NOT_READ, "ec2:describe_regions", message)]
    return sorted(region["RegionName"] for region in answer["Regions"]), []


def _default_region(boto3: Any, profile: str | None) -> str:
    return boto3.Session(profile_name=profile).region_name or "us-east-1"


def _make_client(
    session: Any, service: str, region: str, endpoint_url: str | None, workers: int, attempts: int
) -> Any:
    from botocore.config import Config

    config = Config(
        # Adaptive mode slows down before AWS has to refuse.
        retries={"mode": "adaptive", "max_attempts": attempts},
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
        max_pool_connections=workers,
        user_agent_extra="costmodel-inventory",
    )
    return session.client(service, region_name=region, endpoint_url=endpoint_url, config=config)


def _boto3() -> tuple[Any, Any]:
    try:
        import boto3
        from botocore import exceptions
    except ImportError as error:
        raise MissingDependencyError("boto3", "aws") from error
    return boto3, exceptions
