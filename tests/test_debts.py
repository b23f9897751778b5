"""What is owed is removed once, whoever makes it and whenever the end comes; and work aside gives what it came to."""

import sys
import threading

import pytest

from splitter.aside import Aside, aside
from splitter.debts import Debts
from splitter.errors import SplitterError


def test_what_is_left_is_removed_last_first_and_once():
    debts, gone = Debts(), []
    for name in ("one", "two", "three"):
        debts.owe(name, lambda name=name: gone.append(name))
    debts.pay("two")
    debts.close()
    debts.close()
    assert gone == ["two", "three", "one"]


def test_what_fails_while_it_is_made_is_removed_at_once():
    debts, gone = Debts(), []
    with pytest.raises(ValueError, match="no"), debts.making("one", lambda: gone.append("one")):
        raise ValueError("no")
    assert gone == ["one"]


def test_the_end_waits_for_what_is_being_made_and_nothing_is_made_after_it():
    debts, gone, begun, go = Debts(), [], threading.Event(), threading.Event()

    def make():
        with debts.making("late", lambda: gone.append("late")):
            begun.set()
            go.wait(5)

    making = Aside(make)
    begun.wait(5)
    ending = Aside(lambda: debts.close(for_good=True))
    ending.wait(0.1)
    assert not ending.done
    go.set()
    ending.result()
    making.result()
    assert gone == ["late"]
    with pytest.raises(SplitterError), debts.making("after", lambda: gone.append("after")):
        pass
    assert gone == ["late"]


def test_what_is_removed_meanwhile_goes_in_its_order_and_the_end_waits_for_it():
    debts, gone, go = Debts(), [], threading.Event()
    debts.owe("network", lambda: gone.append("network"))
    debts.owe("container", lambda: (go.wait(5), gone.append("container")))
    debts.later("container", "network")
    assert gone == []
    go.set()
    debts.close()
    assert gone == ["container", "network"]


def test_what_was_to_be_done_later_is_done_when_the_end_comes():
    debts, done = Debts(), []
    debts.aside(lambda: done.append("swept"), 3600)
    assert done == []
    debts.close()
    assert done == ["swept"]


def test_one_that_cannot_be_removed_keeps_none_of_the_others():
    debts, gone = Debts(), []
    debts.owe("one", lambda: gone.append("one"))
    debts.aside(lambda: 1 / 0)
    debts.close()
    assert gone == ["one"]


def test_work_aside_gives_its_outcome_or_its_error():
    with aside(lambda: 2) as two:
        assert two.result() == 2
    assert two.done
    with pytest.raises(KeyError), aside(lambda: {}["x"]) as lost:
        lost.result()


def failing(work):
    with aside(work):
        raise ValueError(sys.getswitchinterval())


def test_work_aside_is_let_go_on_an_error_and_turns_are_as_before():
    before, ended = sys.getswitchinterval(), []
    with pytest.raises(ValueError, match="0") as caught:
        failing(lambda: ended.append(threading.Event().wait(0.2)))
    assert caught.value.args[0] < before
    assert ended == [False]
    assert sys.getswitchinterval() == before
