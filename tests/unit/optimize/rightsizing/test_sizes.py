import numpy as np
import pytest

from costmodel.optimize.rightsizing.sizes import (
    FARGATE_SIZES,
    FamilySuccessor,
    fargate_size,
    lambda_duration,
    lambda_memory_need,
    successor_types,
)


def size(cpu: float, memory: float) -> tuple[int, int] | None:
    # Linux/x86 us-east-1: 0.04048 a vCPU-hour, 0.004445 a GB-hour.
    row = fargate_size(np.array([cpu]), np.array([memory]), 0.04048, 0.004445)[0]
    return None if row < 0 else tuple(FARGATE_SIZES[row].tolist())


@pytest.mark.parametrize(
    ("cpu", "memory", "expected"),
    [
        (512, 1024, (512, 1024)),
        (200, 400, (256, 512)),
        (256, 2049, (512, 3072)),  # 256 CPU units hold 2 GiB at most
        (513, 1024, (1024, 2048)),
        (16384, 122880, (16384, 122880)),
        (16385, 1, None),
        (np.nan, 512, None),
    ],
)
def test_the_cheapest_fargate_size_holds_the_need(cpu, memory, expected) -> None:
    assert size(cpu, memory) == expected


def test_fargate_offers_the_documented_number_of_sizes() -> None:
    # 3 + 4 + 7 + 13 + 23 + 12 + 12
    assert len(FARGATE_SIZES) == 74


def test_lambda_duration_lies_between_waiting_and_computing() -> None:
    bounds = lambda_duration(np.array([100.0]), np.array([1024.0]), np.array([848.0]))

    assert bounds.shortest[0] == 100.0
    assert bounds.longest[0] == pytest.approx(100 * 1024 / 848)
    # The recorded answer of Compute Optimizer saves 11.6 %: inside our bounds.
    saved = [1 - 848 * ms / (1024 * 100) for ms in (bounds.shortest[0], bounds.longest[0])]
    assert saved[1] == pytest.approx(0, abs=1e-12)
    assert saved[1] <= 0.116 <= saved[0]


def test_more_than_one_vcpu_does_not_help_a_single_thread() -> None:
    bounds = lambda_duration(np.array([100.0]), np.array([3538.0]), np.array([1769.0]))

    assert (bounds.shortest[0], bounds.longest[0]) == (100.0, 100.0)


def test_lambda_memory_keeps_headroom_and_bounds_and_unknown() -> None:
    need = lambda_memory_need(np.array([400.0, 10.0, 20_000.0, np.nan]), 0.2)

    np.testing.assert_array_equal(need, [500, 128, 10_240, np.nan])


def test_successors_keep_size_prefix_and_suffix() -> None:
    known = {
        "m4": FamilySuccessor("Intel", "Previous", "m7i", "m7a", "m8g"),
        "m7i": FamilySuccessor("Intel", "Current", "m7i", "m7a", "m8g"),
        "x1": FamilySuccessor("Intel", "Previous", "", "", ""),
    }

    names = ["m4.large", "db.m4.xlarge", "m4.large.search", "m7i.large", "x1.16xlarge", "zz.big"]

    assert successor_types(names, known, "intel") == [
        "m7i.large", "db.m7i.xlarge", "m7i.large.search", None, None, None,
    ]  # fmt: skip
    assert successor_types(names[:1], known, "graviton") == ["m8g.large"]
