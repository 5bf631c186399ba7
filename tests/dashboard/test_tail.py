"""The order that the hub keeps: nothing lost, doubled or out of place, whatever the layer does."""

import random

from hypothesis import given
from hypothesis import strategies as st

from dashboard.hub.tail import Tail


def tail(last: int = 0, keep: int = 10) -> Tail:
    return Tail(epoch="e", last=last, keep=keep)


def test_the_next_frame_is_let_through_at_once():
    assert tail(last=4).offer(5, "five") == ["five"]


def test_a_frame_that_comes_early_waits_for_the_one_before_it():
    order = tail()
    assert order.offer(2, "two") == []
    assert order.has_gap
    assert order.offer(1, "one") == ["one", "two"]
    assert not order.has_gap


def test_a_frame_is_let_through_once():
    order = tail()
    order.offer(1, "one")
    assert order.offer(1, "one again") == []
    assert order.offer(3, "three") == []
    assert order.offer(3, "three again") == []
    assert order.duplicates == 2
    assert order.offer(2, "two") == ["two", "three"]


def event(at: str) -> str:
    return f'{{"type":"NEW_EVENT","data":{{"timestamp":"{at}"}}}}'


def test_a_frame_that_follows_another_event_than_the_last_one_waits_for_what_the_database_has():
    order = tail()
    order.offer(1, event("08:00"), "")
    assert order.offer(2, event("09:00"), "08:30") == []
    assert order.has_gap
    assert order.settle([(2, event("09:00"))]) == [event("09:00")]
    assert order.offer(3, event("10:00"), "09:00") == [event("10:00")]


def test_what_the_database_has_replaces_what_waits():
    order = tail()
    order.offer(2, "forged")
    order.offer(3, "three")
    assert order.settle([(1, "one"), (2, "two")]) == ["one", "two", "three"]


def test_a_log_departs_from_one_that_was_longer_or_had_another_event_there():
    def log(epoch: str, *frames: str) -> Tail:
        made = Tail(epoch=epoch, last=len(frames), keep=10)
        made.load(list(frames))
        return made

    one = log("e", "1", "2")
    assert log("e", "1").departs_from(one)
    assert log("e", "1", "other", "3").departs_from(one)
    assert not log("e", "1", "2", "3").departs_from(one)
    assert not log("f", "1").departs_from(one)


def test_early_frames_can_be_forgotten_and_come_again():
    order = tail()
    order.offer(9, "forged")
    assert order.newest_early == 9
    assert order.forget_early(8) == 0
    assert order.forget_early(9) == 1
    assert not order.has_gap
    assert order.offer(1, "one") == ["one"]


def test_what_is_kept_can_be_had_again_and_no_more_than_that():
    order = tail(keep=3)
    for seq in range(1, 6):
        order.offer(seq, str(seq))
    assert order.after(5) == []
    assert order.after(3) == ["4", "5"]
    assert order.after(2) == ["3", "4", "5"]
    assert order.after(1) is None
    assert order.after(6) is None
    assert order.newest(2) == ["5", "4"]


@given(
    count=st.integers(1, 60),
    dropped=st.sets(st.integers(1, 60)),
    seed=st.integers(),
    copies=st.integers(1, 3),
)
def test_any_mixture_of_drops_copies_and_reorderings_comes_out_whole_once_repaired(
    count: int, dropped: set[int], seed: int, copies: int
):
    order = tail(keep=100)
    arriving = [seq for seq in range(1, count + 1) if seq not in dropped] * copies
    random.Random(seed).shuffle(arriving)
    out: list[str] = []
    for seq in arriving:
        out += order.offer(seq, str(seq))
        assert out == [str(number) for number in range(1, len(out) + 1)]
    for seq in range(order.last + 1, count + 1):  # what the database gives
        out += order.offer(seq, str(seq))
    assert out == [str(number) for number in range(1, count + 1)]
    assert order.after(0) == out


def test_what_was_pruned_is_not_had_again_and_the_rest_goes_on():
    order = tail()
    for seq in range(1, 6):
        order.offer(seq, str(seq))
    order.forget_before(0)
    assert order.after(0) == ["1", "2", "3", "4", "5"]
    order.forget_before(4)
    assert order.after(2) is None
    assert order.after(3) == order.newest(10)[::-1] == ["4", "5"]
    order.forget_before(99)
    assert (order.newest(10), order.after(5)) == ([], [])
    assert order.offer(6, "6") == ["6"]
