"""SIGKILL at every step of a delivery and of a commit; two workers on one PostgreSQL."""

import time

import pytest

from costmodel.io.delivery.outbox import open_outbox
from tests.delivery_lab import (
    NOW,
    Receiver,
    commit,
    deliver,
    kill_worker_at_every_step,
    make_alerts,
    run_until_killed,
    tally,
    worker_process,
    write_config,
)


@pytest.fixture
def receiver(tmp_path):
    with Receiver(tmp_path) as running:
        yield running


def test_a_worker_killed_at_any_step_loses_nothing_and_repeats_only_under_the_key(
    tmp_path, receiver
):
    tallies = list(kill_worker_at_every_step(tmp_path, receiver))

    assert len(tallies) > 30
    assert {result._replace(repeats=0) for result in tallies} == {(3, 0, 0, 0, 0)}
    # At most one delivery of each lane was under way.
    assert max(result.repeats for result in tallies) in (1, 2)


def test_an_evaluation_killed_at_any_step_wrote_alerts_and_states_or_neither(tmp_path, receiver):
    config = receiver.config("ok", "fail")
    alerts = make_alerts(budgets=2, each=2)
    path = tmp_path / "outbox.db"
    open_outbox(str(path)).engine.dispose()

    def work(fuse):
        outbox = open_outbox(str(path))
        fuse.watch(outbox)
        commit(outbox, config, alerts)

    seen = set()
    steps, lived = 0, False
    while not lived:
        steps += 1
        for rest in tmp_path.glob("outbox.db*"):
            rest.unlink()
        open_outbox(str(path)).engine.dispose()
        lived = run_until_killed(work, steps)
        outbox = open_outbox(str(path))
        states = len(outbox.read_states().states)
        deliveries = outbox.count_deliveries().get("pending", 0)
        seen.add((states, len({r.alert.key for r in outbox.list_alerts()}), deliveries))
        outbox.engine.dispose()

    assert seen == {(0, 0, 0), (2, 4, 8)}


def test_a_receiver_killed_and_restarted_gets_what_it_missed(tmp_path, receiver):
    outbox = open_outbox(str(tmp_path / "outbox.db"))
    config = receiver.config("ok")
    alerts = make_alerts(budgets=3, each=3)
    commit(outbox, config, alerts)
    receiver.kill()
    deliver(outbox, config)

    receiver.start()
    deliver(outbox, config, NOW + 61)

    assert tally(receiver.received(), alerts, "ok") == (9, 0, 0, 0, 0)


@pytest.mark.postgres
def test_two_workers_on_one_postgresql_share_the_work_without_repeating_it(
    tmp_path, receiver, postgres_url
):
    outbox = open_outbox(postgres_url)
    config_path = write_config(tmp_path, receiver)
    alerts = make_alerts(budgets=40, each=25)
    commit(outbox, receiver.config("ok"), alerts)

    workers = [worker_process(postgres_url, config_path) for _ in range(2)]

    assert [worker.wait(50) for worker in workers] == [0, 0]
    assert tally(receiver.received(), alerts, "ok") == (1_000, 0, 0, 0, 0)
    assert outbox.count_deliveries() == {"delivered": 1_000}


@pytest.mark.postgres
def test_a_second_worker_finishes_what_a_killed_one_began(tmp_path, receiver, postgres_url):
    outbox = open_outbox(postgres_url)
    config = receiver.config("ok")
    alerts = make_alerts(budgets=10, each=20)
    commit(outbox, config, alerts)
    killed = worker_process(postgres_url, write_config(tmp_path, receiver), fuse=300)
    assert killed.wait(50) == -9

    deliver(outbox, config, time.time() + 200)

    result = tally(receiver.received(), alerts, "ok")
    assert result._replace(repeats=0) == (200, 0, 0, 0, 0)
    assert result.repeats <= 8  # the threads of the killed worker
    assert outbox.count_deliveries() == {"delivered": 200}


@pytest.mark.postgres
def test_an_evaluation_that_comes_while_a_worker_finishes_is_not_left_behind(
    receiver, postgres_url
):
    config = receiver.config("ok")
    outbox = open_outbox(postgres_url)
    alerts = make_alerts(budgets=1, each=30)

    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(lambda: [commit(outbox, config, [alert]) for alert in alerts])
        while not done.done():
            deliver(outbox, config)
    deliver(outbox, config)

    assert tally(receiver.received(), alerts, "ok") == (30, 0, 0, 0, 0)
