"""Whatever is written, reading ends soon, in a result or in an error about the input."""

from __future__ import annotations

import contextlib
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bptt_sym.errors import BpttError, InputError, LimitExceeded
from bptt_sym.notation import children
from bptt_sym.read import read_claims, read_expression, recurrence_from_latex
from bptt_sym.read import symbols as sy
from bptt_sym.read.limits import MAX_CHARS
from bptt_sym.read.tokens import tokenize

REC = recurrence_from_latex(
    [r"h_t = \tanh(w h_{t-1} + W_{in} x_t)", r"C = C(h_T)", r"E_t = f(h_t, x_t)"], scalar=True
)
#: Seconds of one reading; the slowest measured is a tenth of it.
BUDGET = 3.0

PIECES = (
    r"h_t h_{t-1} x^{(t)} w W_{in} C E_k T t k 1 2 0.5 + - \cdot \odot / * = \le < \to ( ) [ ] { } "
    r"_ ^ ' , ; . & \\ | \| \left( \right) \left| \right| \frac \frac{ }{ \partial \partial^+ d "
    r"\partial_{w} \nabla_{h_t} \sum \sum_{k=1}^{T} \prod_{j=2}^{t} \prod \tanh \tanh' \sigma "
    r"\sigma'( f( \mathrm{diag}( \dots \cdots \tilde \hat{ \mathbf{ \text{and} \sqrt \begin{align} "
    r"\end{align} \begin{pmatrix} \end{pmatrix} \implies \iff ^\top ^T ^{-1} ∂ ₜ ² ∑ √ ′ "
    r"\overleftarrow {\prod} \operatorname{id} \boxed{ \underbrace{ \tag{1} % ~ \, \quad é \foo"
).split(" ")


def reads(text: str) -> None:
    """Reading ``text`` ends in time, and its spans lie in it."""
    start = time.process_time()
    try:
        for claim in read_claims(text, REC):
            for side in claim.sides:
                depth_of(side)
    except InputError as error:
        span = error.span
        assert span is None or 0 <= span.start <= span.end <= max(len(text), 1)
        assert str(error)
    assert time.process_time() - start < BUDGET


def depth_of(node: object) -> int:
    """The depth of a tree, found without recursion; everything else walks it by recursion."""
    stack, deepest = [(node, 1)], 0
    while stack:
        n, d = stack.pop()
        deepest = max(deepest, d)
        stack.extend((c, d + 1) for c in children(n))  # type: ignore[arg-type]
    assert deepest < sys.getrecursionlimit() // 4
    return deepest


@settings(max_examples=300)
@given(st.lists(st.sampled_from(PIECES), max_size=25), st.sampled_from(["", " "]))
def test_token_soup(pieces: list[str], glue: str) -> None:
    reads(glue.join(pieces))


@settings(max_examples=100)
@given(st.lists(st.sampled_from(PIECES), max_size=12), st.lists(st.sampled_from(PIECES)))
def test_soup_after_a_good_left_side(left: list[str], right: list[str]) -> None:
    reads(r"\frac{\partial h_T}{\partial w} = " + " ".join(left) + "+" + "".join(right))


@settings(max_examples=150)
@given(st.text(max_size=60))
def test_any_text(text: str) -> None:
    reads(text)


@settings(max_examples=60)
@given(st.lists(st.sampled_from(PIECES), max_size=15))
def test_soup_as_a_definition(pieces: list[str]) -> None:
    with contextlib.suppress(BpttError):
        recurrence_from_latex(["h_t = " + " ".join(pieces)])


N = 4_000
HOSTILE = {
    "spaces": "h_t =" + " " * 200_000 + "w",
    "fewer spaces": "h_t =" + " " * 90_000 + "w",
    "braces": "{" * 100_000 + "h_t" + "}" * 100_000,
    "braces unclosed": "h_t = " + "{" * N,
    "braces closed": "h_t = " + "{" * N + "w" + "}" * N,
    "parentheses": "h_t = " + "(" * 29 + "w" + ")" * 29,
    "more parentheses": "h_t = " + "(" * N + "w" + ")" * N,
    "subscripts": "h_t = h" + "_{h" * 40 + "}" * 40,
    "tower": "h_t = w" + "^{w" * 25 + "}" * 25,
    "number tower": "h_t = 9^{9^{9^{9^{9}}}}",
    "large exponent": "h_t = w^{999999999999}",
    "large index": "h_t = x_{99999999999999999999}",
    "large sum": r"h_t = \sum_{k=1}^{1000000000000} x_k",
    "digits": "h_t = " + "9" * 90_000,
    "long name": "h_t = W_{" + "a" * 90_000 + "}",
    "long subscript sum": "h_t = h_{" + "t+" * 9_000 + "1}",
    "long exponent": "h_t = w^{" + "t+" * 9_000 + "1}",
    "letters": "h_t = " + "w" * 19_000,
    "terms": "h_t = " + "w+" * 9_000 + "w",
    "factors": "h_t = " + r"w\cdot " * 4_000 + "w",
    "divisions": "h_t = " + "w/" * 1_000 + "w",
    "alternating products": "h_t = " + r"w\odot w\cdot " * 1_000 + "w",
    "signs": "h_t = " + "-" * 18_000 + "w",
    "fractions": "h_t = " + r"\frac" * N + "12",
    "fraction chain": "h_t = " + r"\frac{1}{" * 29 + "w" + "}" * 29,
    "roots": "h_t = " + r"\sqrt" * N + "w",
    "hats": "h_t = " + r"\hat" * N + "w",
    "functions": "h_t = " + r"\tanh " * N + "w",
    "derivatives": "h_t = " + r"\partial_w " * N + "h_t",
    "operators": "h_t = " + r"\frac{\partial}{\partial w}" * 1_000 + "h_t",
    "sums": "h_t = " + r"\sum_{k=1}^{T}" * 1_000 + "h_k",
    "products": "h_t = " + r"\prod_{j=1}^{T} x_j " * 600,
    "nested products": "h_t = " + "".join(
        rf"\prod_{{{a}=1}}^{{T}} x_{a} " for a in "ijklmnpqrsuvKMN") * 4,
    "bars": "h_t = " + "|" * N + "w",
    "bar pairs": "h_t = " + "|w" * N,
    "primes": "h_t = w" + "'" * N,
    "chain": "h_t " + "= w" * 6_000,
    "rows": r"\begin{align}" + r"h_t &= w \\" * 3_000 + r"\end{align}",
    "ampersands": "h_t = " + "&" * 15_000 + "w",
    "implications": r"w = 1 \implies " * 1_500 + "h_t = w",
    "commas": "h_t = w," * 2_500 + "h_t = w",
    "dots": "h_t = x_1 + " + r"\dots + " * N + "x_T",
    "many dotted sums": "h_t = " + r"x_1 + x_2 + \dots + x_T + " * 400 + "w",
    "dotted products": "h_t = " + r"x_1 x_2 \cdots x_t " * 300,
    "long dotted term": "h_t = " + "+".join(
        "".join(f"x_{{{i}}}" for i in range(400)) for _ in range(3)) + r"+ \dots + x_T",
    "matrix": r"h_t = \begin{pmatrix}" + r"w & w \\" * 2_000 + r"\end{pmatrix}",
    "matrices": "h_t = " + r"\begin{pmatrix}" * N,
    "unicode scripts": "h" + "ₜ" * N + "=w",
    "combining": "h_t = w" + "\u0303" * 300,
    "bounds": r"h_t = \sum_{" + "1 \\le " * 3_000 + "k} x_k",
    "bound expressions": r"h_t = \prod_{j=" + "t-" * 3_000 + r"1}^{T} x_j",
    "null": "h_t = \x00w",
    "surrogate": "h_t = \ud800",
    "right to left": "h_t = \u202ew",
    "backslash": "h_t = w \\",
}  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_bounded_time_and_memory(text: str) -> None:
    reads(text)


@pytest.mark.parametrize(
    "name", ["spaces", "braces", "digits", "large exponent", "large index", "large sum", "terms",
             "divisions", "number tower", "derivatives", "more parentheses", "long name"]
)  # fmt: skip
def test_the_caps_are_named(name: str) -> None:
    with pytest.raises(LimitExceeded):
        read_claims(HOSTILE[name], REC)


def test_the_length_cap_is_told_before_anything_is_scanned() -> None:
    start = time.process_time()
    with pytest.raises(LimitExceeded, match=str(MAX_CHARS)):
        tokenize("w" * 50_000_000)
    assert time.process_time() - start < 0.5


def test_nothing_is_dropped() -> None:
    """Every visible character lies in a token, or belongs to a layout command of the table."""
    text = r"\left[ \frac{\partial h_t}{\partial w} \right] \cdot \! x_{t-1}^{2} = |w| \, , \; ∂h₂"
    covered = set()
    for t in tokenize(text):
        covered |= set(range(t.start, t.end))
    rest = "".join(" " if k in covered else c for k, c in enumerate(text)).split()
    assert all(piece in sy.LAYOUT or piece in (r"\left", r"\right") for piece in rest), rest


@settings(max_examples=100)
@given(st.characters(codec="utf-8", exclude_characters=" \n\t\r\f\v"))
def test_no_character_disappears(char: str) -> None:
    """A character put between two factors changes the tree, is invisible, or is refused."""
    plain = read_expression("w w", REC)
    try:
        found = read_expression(f"w {char} w", REC)
    except InputError:
        return
    spaces = "\xa0\u2000-\u200a\u202f\u3000~&\\%"
    invisible = char in sy.INVISIBLE or char.isspace() or char in spaces
    # w·w, w*w and w×w are the product w w.
    assert found != plain or invisible or char in sy.OPERATORS, repr(char)


def test_nothing_read_is_run(tmp_path: object, capsys: pytest.CaptureFixture[str]) -> None:
    for text in (
        "h_t = __import__('os').system('echo ran')",
        "h_t = print(1)",
        r"h_t = \input{/etc/passwd}",
        r"h_t = \write18{echo ran}",
        "h_t = {{7*7}}",
        "h_t = eval(w)",
    ):
        reads(text)
    assert capsys.readouterr().out == ""
