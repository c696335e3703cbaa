"""What instance types can do, as arrays: the columns of the hardware table right-sizing reads."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from costmodel.engine.utilization import LAUNCH_CREDITS_PER_VCPU, Burstable

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Texts = NDArray[np.object_]

# Service prefixes and suffixes around an EC2 type: db.m5.large, cache.m5.large, m5.large.search.
_AROUND: Final = re.compile(r"^(?:db\.|cache\.)?(.*?)(?:\.search|\.elasticsearch)?$")
_FAMILY: Final = re.compile(r"^(?P<letters>[a-z]+(?:-[a-z0-9]+)?)(?P<generation>\d+)")
# Series that count their generations apart, by the processor generation of the c, m and r series
# they share: t3 has m5's processors. https://aws.amazon.com/ec2/instance-types/
_SAME_AGE: Final = {
    "t2": 4, "t3": 5, "t4": 6, "i2": 3, "i3": 4, "i4": 6, "d2": 4, "d3": 5, "h1": 4,
    "x1": 4, "x2": 6, "z1": 5, "a1": 5,
}  # fmt: skip
_X86: Final = ("x86_64", "i386|x86_64", "i386")


@dataclass(frozen=True, slots=True)
class Capacities:
    """Capacities of (m,) instance types; NaN is unknown.

    Attributes:
        names: instance types as the service writes them.
        vcpus: virtual CPUs.
        memory_gib: memory [GiB].
        network_gbps: baseline network [Gbit/s], not the "up to" figure.
        ebs_iops: baseline EBS [IOPS].
        ebs_mbps: baseline EBS [Mbit/s].
        store_gb: instance store [GB].
        interfaces: most network interfaces.
        architecture: x86_64, arm64 or a Mac's.
        hypervisor: xen, nitro or empty.
        accelerators: model and count of GPUs and other accelerators; empty is none.
        generation: as the c, m and r series count; 0 where the name has none.
        bare_metal: whole machine.
        size_units: normalised size: large is 4, xlarge 8; a family's steps are doublings.
        speed: measured work a vCPU does, CoreMark iterations a second, median of the family.
        credits: credit terms; zero for fixed-performance types.
    """

    names: Texts
    vcpus: Floats
    memory_gib: Floats
    network_gbps: Floats
    ebs_iops: Floats
    ebs_mbps: Floats
    store_gb: Floats
    interfaces: Floats
    architecture: Texts
    hypervisor: Texts
    accelerators: Texts
    generation: Ints
    bare_metal: Bools
    size_units: Floats
    speed: Floats
    credits: Burstable

    @property
    def burstable(self) -> Bools:
        """Whether a type runs on CPU credits."""
        return self.credits.earned_per_hour > 0

    def relative_speed(self, rows: Ints, current: Ints) -> Floats:
        """Return the work of a vCPU of some types against the current ones'; NaN unknown."""
        return np.asarray(self.speed[rows] / self.speed[current], dtype=np.float64)

    def steps_down(self, rows: Ints, current: Ints) -> Floats:
        """Return by how many sizes some types are smaller than the current ones; NaN unknown."""
        return np.asarray(np.log2(self.size_units[current] / self.size_units[rows]))

    def index(self, names: Sequence[str | None] | Texts) -> Ints:
        """Return the row of each name, -1 where it is unknown."""
        rows = {name: row for row, name in enumerate(self.names)}
        return np.array([rows.get(name, -1) for name in names], dtype=np.int64)


def plain_type(name: str) -> str:
    """Return the EC2 type behind a type of another service: ``db.m5.large`` → ``m5.large``."""
    found = _AROUND.match(name)
    return name if found is None else found.group(1)


def family_of(name: str) -> str:
    """Return the family of a type: ``db.r6g.xlarge`` → ``r6g``."""
    return plain_type(name).split(".")[0]


def generation_of(name: str) -> int:
    """Return the generation of a type as the c, m and r series count: ``m5a.large``, t3 → 5."""
    found = _FAMILY.match(family_of(name))
    if found is None:
        return 0
    return _SAME_AGE.get(found.group(), int(found.group("generation")))


def build_capacities(hardware: pa.Table, names: Sequence[str] | None = None) -> Capacities:
    """Return the capacities of instance types.

    Args:
        hardware: the catalog's hardware table.
        names: types as a service writes them, with its prefix; None takes every EC2 type.
            A type the table does not know gets unknown capacities.
    """
    known = hardware["instance_type"].to_pylist()
    listed = known if names is None else list(names)
    rows = {name: row for row, name in enumerate(known)}
    source = np.array([rows.get(plain_type(name), -1) for name in listed], dtype=np.int64)
    vcpus = _numbers(hardware, "vcpus", source)
    return Capacities(
        names=np.array(listed, dtype=object),
        vcpus=vcpus,
        memory_gib=_numbers(hardware, "memory_mib", source) / 1024.0,
        network_gbps=_numbers(hardware, "net_baseline_gbps", source),
        ebs_iops=_numbers(hardware, "ebs_base_iops", source),
        ebs_mbps=_numbers(hardware, "ebs_base_mbps", source),
        store_gb=np.nan_to_num(_numbers(hardware, "local_storage_gb", source)),
        interfaces=_numbers(hardware, "max_enis", source),
        architecture=_architecture(_texts(hardware, "arch", source)),
        hypervisor=_texts(hardware, "hypervisor", source),
        accelerators=_accelerators(hardware, source),
        generation=np.array([generation_of(name) for name in listed], dtype=np.int64),
        bare_metal=_texts(hardware, "bare_metal", source) == "True",
        size_units=_numbers(hardware, "nfu", source),
        speed=_speeds(hardware, source),
        credits=_credits(hardware, source, vcpus, listed),
    )


def _numbers(hardware: pa.Table, column: str, source: Ints) -> Floats:
    values = np.asarray(hardware[column].to_numpy(), dtype=np.float64)
    return np.where(source < 0, np.nan, values[source])


def _speeds(hardware: pa.Table, source: Ints) -> Floats:
    """Return the measured work of a vCPU; sizes of a family differ by noise: their median."""
    measured = np.asarray(hardware["coremark_iter_per_s"].to_numpy(), dtype=np.float64)
    each = measured / np.asarray(hardware["vcpus"].to_numpy(), dtype=np.float64)
    families = np.array([family_of(name) for name in hardware["instance_type"].to_pylist()])
    speed = np.full(len(each), np.nan)
    for family in set(families[~np.isnan(each)].tolist()):
        of_family = families == family
        speed[of_family] = np.nanmedian(each[of_family])
    return np.where(source < 0, np.nan, speed[source])


def _texts(hardware: pa.Table, column: str, source: Ints) -> Texts:
    values = [("" if value is None else str(value)) for value in hardware[column].to_pylist()]
    return np.array(["" if row < 0 else values[row] for row in source], dtype=object)


def _architecture(values: Texts) -> Texts:
    return np.array(["x86_64" if value in _X86 else value for value in values], dtype=object)


def _accelerators(hardware: pa.Table, source: Ints) -> Texts:
    """Return one text per type that is equal for equal accelerators."""
    models = _texts(hardware, "gpu_model", source)
    counts = np.nan_to_num(_numbers(hardware, "gpu_count", source))
    other = _texts(hardware, "accel", source)
    return np.array(
        [
            f"{model} x {count:g}" if count else ("" if extra in ("", "{}") else extra)
            for model, count, extra in zip(models, counts, other, strict=True)
        ],
        dtype=object,
    )


def _credits(hardware: pa.Table, source: Ints, vcpus: Floats, names: Sequence[str]) -> Burstable:
    earned, limit, launch = (np.zeros(len(source)) for _ in range(3))
    for row, text in enumerate(_texts(hardware, "burst_info", source)):
        if text:
            terms: dict[str, Any] = json.loads(text)
            earned[row] = float(terms["credits_per_hour"])
            limit[row] = float(terms["max_earnable_credits"])
            is_t2 = family_of(names[row]) == "t2"
            launch[row] = LAUNCH_CREDITS_PER_VCPU * vcpus[row] if is_t2 else 0.0
    return Burstable(np.nan_to_num(vcpus), earned, limit, launch)
