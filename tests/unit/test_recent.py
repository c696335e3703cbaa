"""The bounded memory: what it keeps, and that it never grows."""

from costmodel.recent import Recent


def test_a_value_that_was_put_is_found_and_another_is_not() -> None:
    memory: Recent[str, int] = Recent(2)
    memory.put("a", 1)

    assert memory.get("a") == 1
    assert memory.get("b") is None


def test_no_more_than_twice_the_size_is_kept() -> None:
    memory: Recent[int, int] = Recent(10)
    for number in range(1000):
        memory.put(number, number)

    assert 10 <= len(memory) <= 20
    assert memory.get(999) == 999
    assert memory.get(0) is None


def test_what_is_asked_for_stays_while_others_come_and_go() -> None:
    memory: Recent[int, str] = Recent(10)
    memory.put(-1, "kept")
    for number in range(200):
        memory.put(number, "passing")
        assert memory.get(-1) == "kept"
