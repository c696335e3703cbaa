"""The retry schedule."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costmodel.io.delivery.schedule import next_delay, parse_retry_after


@given(st.integers(0, 1_000))
def test_the_ten_steps_are_those_of_standard_webhooks_with_a_fifth_of_jitter(seed):
    random = Random(seed)
    # 0 s, 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h.
    steps = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]

    delays = [next_delay(attempts, 0.0, random) for attempts in range(1, 10)]

    assert all(s <= d <= 1.2 * s for s, d in zip(steps, delays, strict=True))
    assert next_delay(10, 0.0, random) is None


def test_retry_after_lengthens_a_delay_but_never_shortens_it():
    assert next_delay(1, 60.0, Random(1)) == 60.0
    assert next_delay(3, 60.0, Random(1)) >= 1_800
    assert next_delay(1, 1e9, Random(1)) == 86_400


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        (" 1.5 ", 1.5),
        ("Fri, 14 Mar 2025 06:01:40 GMT", 100.0),
        ("Fri, 14 Mar 2025 05:00:00 GMT", 0.0),  # in the past
        ("soon", 0.0),
        ("-5", 0.0),
        ("", 0.0),
        ("١٢", 0.0),
    ],
)
def test_retry_after_is_a_number_or_a_date(header, seconds):
    now = 1_741_932_000.0  # 2025-03-14 06:00:00 UTC

    assert parse_retry_after(header, now) == seconds
