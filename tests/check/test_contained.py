"""What a match contains, against the patterns themselves on texts of few letters."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bptt_sym.documents import contained
from bptt_sym.documents.contained import OFTEN, cannot_match, clauses, search

ITEMS = st.sampled_from([
    "=", "-", r"\^", r"\\a", "é", "a", "aé=", "[-=]", "[^=]", "[é-ü]", ".", r"\s", "^", "$",
    r"(?<![=-])", r"(?![-^])", r"(?<==)", "(?i:a=)", r"\b",
])  # fmt: skip
PATTERNS = st.recursive(
    ITEMS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=4).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda each: f"(?:{'|'.join(each)})"),
        st.tuples(inner, st.sampled_from(["?", "*", "+", "{2}", "??"])).map(
            lambda both: f"(?:{both[0]}){both[1]}"
        ),
        inner.map(lambda one: f"({one})"),
        inner.map(lambda one: f"(?={one})"),
    ),
    max_leaves=8,
)
TEXTS = st.lists(
    st.sampled_from(["=", "-", "^", "\\a", "é", "ü", "a", "A", " ", "x"]), max_size=9
).map("".join)


def loses_no_match(pattern, text):
    compiled = re.compile(pattern)
    needed = clauses(compiled)
    if compiled.search(text) is not None:
        for clause in needed:
            assert any(s in text if s else not text.isascii() for s in clause), (clause, text)


@settings(max_examples=200)
@given(PATTERNS, TEXTS)
def test_every_match_contains_what_is_looked_for(pattern, text):
    loses_no_match(pattern, text)


@pytest.mark.parametrize("pattern, needs", [
    (r"\\[dt]?frac\s*\{(?:\\partial|d)", [("\\dfrac", "\\frac", "\\tfrac"), ("{\\partial", "{d")]),
    (r"(?<![a-z])(?:ln|log)\s*\((?:[^()]|\([^()]*\))*\)", [("ln", "log"), ("(",), (")",)]),
    (r"[ぁ-ん]+\s*=", [("",), ("=",)]),
    (r"(?:a=)?(?:b-)*", []),
    (r"(?i)concat", []),
])  # fmt: skip
def test_the_literals_of_a_pattern(pattern, needs):
    assert list(clauses(re.compile(pattern))) == needs


def test_a_pattern_is_taken_apart_only_when_it_is_tried_often():
    pattern = re.compile(r"\\concat\s*\(")
    asked = [cannot_match(pattern, "h_t = x_t") for _ in range(OFTEN + 1)]
    assert asked == [False] * (OFTEN - 1) + [True] * 2
    assert search(pattern, r"h = \concat(x)") is not None and search(pattern, "h = x") is None


def test_a_planted_requirement_of_what_may_be_absent_is_seen(monkeypatch):
    within = contained._within

    def wrong(op, argument):
        if op is contained.sre.MAX_REPEAT:
            argument = (1, *argument[1:])
        return within(op, argument)

    loses_no_match(r"(?:\^=)*a", "a")
    monkeypatch.setattr(contained, "_within", wrong)
    with pytest.raises(AssertionError):
        loses_no_match(r"(?:\^=)*a", "a")
