"""Garbage is looked for by the clock, and never among what was loaded at the start."""

import asyncio
import gc
import weakref

import pytest

from api.memory import collect_now_and_then, settle
from tests.api.served import run_coroutine


@pytest.fixture
def thresholds():
    before = gc.get_threshold()
    yield before
    gc.unfreeze()
    gc.set_threshold(*before)


def test_what_is_loaded_is_frozen_and_the_oldest_are_left_alone(thresholds):
    settle()

    assert gc.get_freeze_count() > 1000
    assert gc.get_threshold()[0] > thresholds[0]
    assert gc.get_threshold()[2] > thresholds[2]


def test_objects_that_hold_each_other_are_found_by_the_clock(thresholds):
    class Node:
        pass

    gc.disable()
    try:
        one, other = Node(), Node()
        one.peer, other.peer = other, one
        alive = weakref.ref(one)
        del one, other

        async def wait() -> None:
            task = asyncio.create_task(collect_now_and_then(0.001))
            await asyncio.sleep(0.05)
            task.cancel()

        assert alive() is not None
        run_coroutine(wait())
        assert alive() is None
    finally:
        gc.enable()
