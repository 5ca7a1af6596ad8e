"""Long formulas take time as their length does; what was audited before decides nothing."""

from __future__ import annotations

import gc
import re
import threading
import time

import pytest

from bptt_sym.check.audit import audit
from bptt_sym.check.bench import about_one
from bptt_sym.check.collected import SELDOM, seldom_collected
from bptt_sym.decide.identity import Arena
from bptt_sym.documents.document import document_from_text
from bptt_sym.read import recurrence_from_latex
from tests.check.audited import verdicts

CELL = r"$$h_t = \tanh(w h_{t-1} + u_t)$$" + "\n\n"


def seconds(space: str) -> float:
    formula = rf"\frac{{\partial h_t}}{{\partial h_{{t-1}}}} = {space} (1-h_t^2) w"
    document = document_from_text(f"{CELL}$${formula}$$", "n.md")
    start = time.process_time()
    assert [j.verdict.verdict for j in audit(document)] == ["not_a_claim", "right"]
    return time.process_time() - start


@pytest.mark.parametrize("one", [r"\quad ", r"\; ", "  ", r"\qquad\ "])
def test_space_is_no_work(one: str) -> None:
    seconds(one)
    assert seconds(one * (18_000 // len(one))) < 4  # 0.04; 14 with each place tried anew


def test_what_is_about_one_begins_after_the_relation_before_it() -> None:
    assert about_one(r"f_t \approx 1, \quad g_t = i_t \approx 1") == {"f", "t", "i"}
    assert about_one(r"a & f_t \approx 10") == frozenset()
    assert about_one(r"W = 1 - h_t^2 ≈ 1") == {"h", "t", "'"}
    start = time.process_time()
    about_one(r"\text{x} \approx h " * 5_000)
    assert time.process_time() - start < 1


def test_a_long_wrong_sum_is_weighed_once() -> None:
    text = rf"{CELL}$$\frac{{\partial h_t}}{{\partial h_{{t-1}}}} = {'h_{t-1} + ' * 600} w$$"
    start = time.process_time()
    assert verdicts(text)[-1] == "wrong"
    assert time.process_time() - start < 4  # 15 where each name looks at all others


RIGHT = (
    r"$$\frac{\partial h_t}{\partial w} = "
    r"(1-h_t^2)(h_{t-1} + w\frac{\partial h_{t-1}}{\partial w})$$"
)
WRONG = re.sub("1-h", "1+h", RIGHT)
OTHER = CELL.replace(r"\tanh", r"\sigma")


def test_what_was_audited_before_decides_nothing() -> None:
    texts = (CELL + RIGHT, OTHER + RIGHT, CELL + WRONG, CELL + "$$h_0 = 0$$\n\n" + RIGHT)
    first = [verdicts(t)[-1] for t in texts]
    assert first == ["right", "wrong", "wrong", "right"]
    assert [verdicts(t)[-1] for t in reversed(texts)] == first[::-1]


def test_equal_recurrences_have_their_worlds_in_common_within_one_thread() -> None:
    def arena(line: str) -> Arena:
        return Arena(recurrence_from_latex([line]))

    line = r"h_t = \tanh(w h_{t-1} + v x_t)"
    one, same = arena(line), arena(line)
    assert one.world(1, 0) is same.world(1, 0)
    assert one.world(1, 0) is not same.world(2, 0)
    assert one.world(1, 0) is not one.world(1, 0, frozenset({"zero-start"}))
    others = (line.replace("tanh", "sigma"), line.replace("+", "-"), r"h_t = \tanh(w h_{t-1})")
    assert all(arena(o).world(1, 0) is not one.world(1, 0) for o in others)
    elsewhere: list[object] = []
    thread = threading.Thread(target=lambda: elsewhere.append(arena(line).world(1, 0)))
    thread.start()
    thread.join()
    # A world notes what it is computing, so that two threads must not be in it.
    assert elsewhere and elsewhere[0] is not one.world(1, 0)


def test_garbage_is_collected_as_before_afterwards() -> None:
    before = gc.get_threshold()
    try:
        gc.set_threshold(700, 10, 10)
        with pytest.raises(ValueError, match="inside"), seldom_collected():
            assert gc.get_threshold() == (SELDOM, 10, 10)
            raise ValueError("inside")
        assert gc.get_threshold() == (700, 10, 10)
        gc.set_threshold(0, 10, 10)  # somebody has turned it off
        with seldom_collected():
            assert gc.get_threshold()[0] == 0
    finally:
        gc.set_threshold(*before)


def test_many_values_are_not_each_compared_with_all() -> None:
    document = document_from_text("$a = b$ and $c$ " * 1_000, "n.md")
    start = time.process_time()
    audit(document)
    assert time.process_time() - start < 6  # 0.9; 11 where the places are looked up anew
