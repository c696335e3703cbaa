"""Sizes that are not instance types: Fargate's grid, Lambda's memory; and family successors."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from costmodel.optimize.rightsizing.capacity import family_of, plain_type

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# CPU units → (least, most, step) of memory [MiB]; 256 CPU units take three sizes.
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
_FARGATE: Final = {
    512: (1024, 4096, 1024),
    1024: (2048, 8192, 1024),
    2048: (4096, 16384, 1024),
    4096: (8192, 30720, 1024),
    8192: (16384, 61440, 4096),
    16384: (32768, 122880, 8192),
}
_SMALLEST: Final = tuple((256, memory) for memory in (512, 1024, 2048))
FARGATE_SIZES: Final = np.array(
    [
        *_SMALLEST,
        *(
            (cpu, memory)
            for cpu, (least, most, step) in _FARGATE.items()
            for memory in range(least, most + 1, step)
        ),
    ],
    dtype=np.int64,
)

# Lambda gives one whole vCPU at this memory.
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
LAMBDA_MB_PER_VCPU: Final = 1769.0
LAMBDA_LEAST_MB: Final = 128.0
LAMBDA_MOST_MB: Final = 10_240.0


def fargate_size(
    cpu_units: Floats, memory_mib: Floats, vcpu_price: float, gib_price: float
) -> Ints:
    """Return the cheapest Fargate size that holds a need.

    Args:
        cpu_units: (n,) CPU needed, headroom included [1/1024 vCPU].
        memory_mib: (n,) memory needed, headroom included [MiB].
        vcpu_price: price of one vCPU [USD / h].
        gib_price: price of one GiB of memory [USD / h].

    Returns:
        (n,) row of `FARGATE_SIZES`, -1 where no size is large enough or a need is unknown.
    """
    cost = FARGATE_SIZES[:, 0] / 1024 * vcpu_price + FARGATE_SIZES[:, 1] / 1024 * gib_price
    order = np.lexsort((FARGATE_SIZES[:, 1], cost))
    sizes = FARGATE_SIZES[order]
    fits = (cpu_units[:, None] <= sizes[None, :, 0]) & (memory_mib[:, None] <= sizes[None, :, 1])
    return np.where(fits.any(axis=1), order[np.argmax(fits, axis=1)], -1)


class LambdaDuration(NamedTuple):
    """Duration of one run at another memory, (n,) each [ms].

    Attributes:
        shortest: the run waits for others: memory does not change it.
        longest: the run computes: it takes longer as its share of a vCPU falls.
    """

    shortest: Floats
    longest: Floats


def lambda_duration(
    duration_ms: Floats, memory_mb: Floats, new_memory_mb: Floats
) -> LambdaDuration:
    """Return the bounds of the duration at another memory; the truth lies between.

    CPU grows with memory; a run in one thread gains nothing above 1,769 MB.
    """
    share = np.minimum(memory_mb, LAMBDA_MB_PER_VCPU) / np.minimum(
        new_memory_mb, LAMBDA_MB_PER_VCPU
    )
    scaled = duration_ms * share
    return LambdaDuration(np.minimum(duration_ms, scaled), np.maximum(duration_ms, scaled))


def lambda_memory_need(used_mb: Floats, headroom: float) -> Floats:
    """Return the least memory that holds what a function used, (n,) [MB]; NaN if unseen."""
    need = np.ceil(used_mb / (1.0 - headroom))
    return np.clip(need, LAMBDA_LEAST_MB, LAMBDA_MOST_MB)


class FamilySuccessor(NamedTuple):
    """The newest families a family may move to; empty where there is none."""

    processor: str
    generation: str
    intel: str
    amd: str
    graviton: str


def successor_types(
    names: Sequence[str], successors: Mapping[str, FamilySuccessor], processor: str
) -> list[str | None]:
    """Return the same size in the newest family of a processor, None where there is none.

    Args:
        names: types as their service writes them: ``m4.large``, ``db.r5.xlarge``.
        successors: family → its successors, of one service.
        processor: ``intel``, ``amd`` or ``graviton``.
    """
    found: list[str | None] = []
    for name in names:
        family = family_of(name)
        known = successors.get(family)
        target = "" if known is None else str(getattr(known, processor))
        changed = plain_type(name).replace(family, target, 1)
        found.append(
            name.replace(plain_type(name), changed, 1) if target and target != family else None
        )
    return found
