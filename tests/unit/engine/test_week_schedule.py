"""Hours of the week a resource can be off."""

import numpy as np

from costmodel.engine.week_schedule import off_hours


def test_no_resources_have_no_hours() -> None:
    assert off_hours(np.zeros((0, 168), dtype=bool), least_block=6, lead_hours=1.0).shape == (0,)


def test_a_free_weekend_counts_less_the_hour_to_be_back() -> None:
    # Saturday and Sunday: one block of 48 hours, back one hour early.
    unused = np.zeros((1, 168), dtype=bool)
    unused[0, 120:] = True

    assert off_hours(unused, least_block=6, lead_hours=1.0).tolist() == [47.0]
