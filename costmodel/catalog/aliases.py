"""Where a bill's product code and the price list's service code differ.

A bill says AmazonEC2 for the traffic of an instance; the price list keeps that price under
AWSDataTransfer. For each product code the service codes are tried in order, the code itself first.
"""

from typing import Final

# product code on bills → further price-list service codes that hold its usage types
_ALSO_IN: Final[dict[str, tuple[str, ...]]] = {
    "AmazonEC2": ("AWSDataTransfer", "AmazonVPC", "AWSELB"),
    "AmazonVPC": ("AmazonEC2", "AWSDataTransfer"),
    "AWSELB": ("AmazonEC2", "AWSDataTransfer"),
    "AmazonECS": ("AmazonEKS", "AWSDataTransfer"),
    "AmazonEKS": ("AmazonECS", "AWSDataTransfer"),
    "AmazonEBS": ("AmazonEC2",),
    "AmazonDynamoDB": ("AmazonDAX", "AWSDataTransfer"),
    "AWSEvents": ("AmazonCloudWatch", "AWSDataTransfer"),
    "AmazonCloudFront": ("AWSLambda",),
    "AWSLambda": ("AmazonCloudFront", "AWSDataTransfer"),
    "AmazonGlacier": ("AmazonS3GlacierDeepArchive", "AmazonS3", "AWSDataTransfer"),
    "AmazonS3": ("AmazonS3GlacierDeepArchive", "AWSDataTransfer"),
    "AWSWAF": ("awswaf",),
    "AWSKMS": ("awskms",),
    "AmazonOpenSearchService": ("AmazonES",),
}

# Every other service's traffic is priced under this code.
_TRAFFIC: Final = "AWSDataTransfer"


def price_list_service(service_code: str, rank: int) -> str | None:
    """Return the rank-th service code to look in: 0 is the code itself; None after the last."""
    also = _ALSO_IN.get(service_code, () if service_code == _TRAFFIC else (_TRAFFIC,))
    return (service_code, *also)[rank] if rank <= len(also) else None


MOST_ALIASES: Final = 1 + max(len(also) for also in _ALSO_IN.values())
