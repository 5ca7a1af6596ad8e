"""Every error says where it is and what would be right."""

from __future__ import annotations

import pytest

from bptt_sym.errors import InputError, LimitExceeded, ReadError, UnboundName
from bptt_sym.notation import Abs, At, Ones, Pow, Sym, Transpose, index, num
from bptt_sym.read import (
    Vocabulary,
    read_claim,
    read_claims,
    read_expression,
    recurrence_from_latex,
)
from bptt_sym.recurrence import Recurrence


@pytest.fixture(scope="module")
def rec() -> Recurrence:
    return recurrence_from_latex(
        [r"h_t = \tanh(w h_{t-1} + W_{in} x_t)", "C = C(h_T)", r"h_0 = 0"], scalar=True
    )


@pytest.mark.parametrize(
    ("text", "error", "marked", "hint"),
    [
        (r"h_t = v", UnboundName, "v", "the definitions give"),
        (r"h_t = W_{out}", UnboundName, "W_{out}", "W_{in}"),
        (r"h_t = q_{t-1}", UnboundName, "q_{t-1}", ""),
        (r"h_t = h", UnboundName, "h", "write h_t"),
        (r"h_t = C(t)", UnboundName, "(t)", "C alone"),
        (r"h_t = \foo h_t", ReadError, r"\foo", "expand the macro"),
        (r"h_t = x_12", ReadError, "12", "_{12}"),
        (r"w = \tanh'", ReadError, r"\tanh'", "pre-activation"),
        (r"w = \sigma' w", ReadError, r"\sigma'", "pre-activation"),
        (r"h_t = \tanh w x_t", ReadError, r"\tanh w x_t", "(…)"),
        (r"h_t = w +", ReadError, "", "a term"),
        (r"h_t = (w + x_t", ReadError, "", ")"),
        (r"\frac{w}{x_t = w", ReadError, "{", "write }"),
        (r"h_t = w)", ReadError, ")", ""),
        (r"h_t = [w)", ReadError, ")", "]"),
        (r"h_t = w \cdot -x_t", ReadError, "-", "parentheses"),
        (r"h_t = x_t^2^3", ReadError, "3", "braces"),
        (r"h_t = x_t_t", ReadError, "_", "braces"),
        (r"h_t = \frac{\partial h_t}{w}", ReadError, r"w", r"\frac{\partial h_t}{\partial w}"),
        (r"h_t = \frac{\partial h_t}{\partial (w + 1)}", ReadError, "w + 1", "a name"),
        (r"h_t = \frac{\partial^9 h_t}{\partial w^9}", ReadError, "9", ""),
        (r"h_t = \sum_{k} ", ReadError, r"\sum_{k}", "after it"),
        (r"h_t = \sum x_t", ReadError, r"\sum", r"\sum_{t=1}^{T}"),
        (r"h_t = \sum_{k=w}^{T} x_k", ReadError, "w", "k+1"),
        (r"h_t = 1/2 + w/x_t h_t", ReadError, "w/x_t h_t", r"\frac"),
        (r"h_t = w \text", ReadError, r"\text", ""),
        (r"h_t = \lim w", ReadError, r"\lim", ""),
        ("h_t = ж", ReadError, "ж", r"\text"),
        ("h_t = w\u202e", ReadError, "\u202e", "remove"),
        (r"h_t", ReadError, "h_t", "equation"),
        (r"= h_t", ReadError, "=", "both sides"),
        (r"h_t =", ReadError, "", "both sides"),
        ("", ReadError, "", "claim"),
        (r"h_t = w^{2^{2^2}}", LimitExceeded, "2^2", ""),
        (r"h_t = w^{10001}", LimitExceeded, "10001", ""),
        (r"h_t = x_{10000000}", LimitExceeded, "10000000", ""),
        (r"h_t = \sum_{k=1}^{1000000000} x_k", LimitExceeded, "1000000000", ""),
        (r"h_t = " + "7" * 50, LimitExceeded, "7" * 50, ""),
        (r"\begin{tikz} h_t = 1 \end{tikz}", ReadError, r"\begin{tikz}", "align"),
        (r"h_t = 0 \iff w = 0", ReadError, "w", "each direction"),
    ],
)
def test_place_and_hint(
    rec: Recurrence, text: str, error: type[InputError], marked: str, hint: str
) -> None:
    with pytest.raises(error) as caught:
        read_claims(text, rec)
    found = caught.value
    assert type(found) is error
    assert found.span is not None
    assert 0 <= found.span.start <= found.span.end <= max(len(text), 1)
    if marked:
        # The place is the marked part and at most the braces around it.
        where = text[max(found.span.start - 1, 0) : found.span.end + 1]
        assert marked in where and len(where) <= len(marked) + 4, (where, found.message)
    if hint:
        assert hint in found.hint or hint in found.message, (found.message, found.hint)


def test_only_the_offending_formula_is_refused(rec: Recurrence) -> None:
    with pytest.raises(UnboundName) as caught:
        read_claims(r"h_t = w \\ h_1 = zz", rec)
    span = caught.value.span
    assert span is not None and span.start == len(r"h_t = w \\ h_1 = ")


# -- claims of one formula


@pytest.mark.parametrize(
    ("text", "count"),
    [
        (r"h_t = w", 1),
        (r"h_t = w, \quad h_1 = 0", 2),
        (r"h_t = w \text{ and thus } h_1 = 0", 2),
        (r"\begin{align} h_t &= w \\ &= x_t \end{align}", 2),
        (r"\begin{align} h_t &= w + \\ & x_t \end{align}", 1),
        (r"\begin{align} h_t &= w \\ &\quad + x_t \end{align}", 1),
        (r"\begin{array}{rcl} h_t &=& w \\ h_1 &=& 0 \end{array}", 2),
        (r"\begin{aligned} h_t &= w \tag{3} \label{eq:a} \\[2pt] h_1 &= 0 \end{aligned}", 2),
        (r"h_1 = w & h_2 = w", 2),
        (r"|w| < 1 \implies h_t \to 0", 1),
        (r"h_t \to 0 \text{ if } |w| < 1", 1),
        (r"h_t \to 0 \quad \text{for all } t, T", 1),
        (r"h_t = w \text{ (element-wise)}", 1),
        (r"h_t = w \; (\text{element-wise}), \qquad \Longrightarrow \qquad h_1 = w", 1),
    ],
)
def test_rows_and_signs_between_claims(rec: Recurrence, text: str, count: int) -> None:
    if text.endswith("(element-wise)}"):
        text = text.replace(r"\text{ (element-wise)}", r"\; (\text{element-wise})")
    assert len(read_claims(text, rec)) == count


def test_a_row_continues_the_left_side_or_after_a_bound_the_last_side(rec: Recurrence) -> None:
    equal = read_claims(r"h_t &= w \\ &= x_t", rec)
    assert equal[1].sides == (At("h", index("t")), At("x", index("t")))
    bound = read_claims(r"h_t &\le w \\ &= x_t", rec)
    assert bound[1].sides == (Sym("w"), At("x", index("t")))


def test_a_derivation_after_an_implication_keeps_both_claims(rec: Recurrence) -> None:
    text = r"\frac{\partial h_t}{\partial h_{t-1}} = w \Rightarrow h_t = w"
    first, second = read_claims(text, rec)
    assert first.ops == second.ops == ("=",) and not second.given


def test_a_hypothesis_after_the_claim(rec: Recurrence) -> None:
    claim = read_claim(r"\frac{\partial h_T}{\partial h_t} \to 0 \text{ if } |w| < 1", rec)
    (given,) = claim.given
    assert given.sides == (Abs(Sym("w")), num(1)) and given.ops == ("<",)


def test_t_is_the_horizon_or_a_transpose_by_its_place() -> None:
    vector = recurrence_from_latex([r"h_t = \tanh(W h_{t-1} + a x_t)"])
    assert read_expression("W^T", vector) == Transpose(Sym("W"))
    assert read_expression("W^{T-1}", vector) == Pow(Sym("W"), index("T", -1))
    assert read_expression("a^T", vector) == Pow(Sym("a"), index("T"))
    assert read_expression("h_T^T", vector) == Transpose(At("h", index("T")))
    assert read_expression(r"(W^\top)^{T-t}", vector) == Pow(
        Transpose(Sym("W")), index("T", "-t")
    )
    scalar = recurrence_from_latex([r"h_t = \tanh(w h_{t-1})"])
    assert read_expression("w^T", scalar) == Pow(Sym("w"), index("T"))


def test_an_index_hides_a_name_only_where_it_is_bound() -> None:
    rec = recurrence_from_latex([r"i_t = \sigma(w i_{t-1} + k x_t)"])
    # i is a gate and, inside the sum, a step; k is a parameter and is no step there.
    found = read_expression(r"\sum_{i=1}^{t} i \, i_i + k i_t", rec)
    text = repr(found)
    assert "Idx(name='i')" in text and "At(name='i', time=Idx(name='i'))" in text
    assert "Sym(name='k')" in text


def test_aliases_and_extra_indices(rec: Recurrence) -> None:
    named = Vocabulary.of(rec, aliases={r"\theta": "w"}, indices=["z"])
    assert read_expression(r"\theta^z", rec, vocabulary=named).__class__ is Pow


def test_an_undefined_capital_i_is_the_identity_matrix_among_matrices_only(rec: Recurrence) -> None:
    with pytest.raises(UnboundName):
        read_expression("I w", rec)
    lines = [r"h_t = h_{t-1} + \tanh(W h_{t-1} + U x_t)"]
    plain = recurrence_from_latex(lines)
    n = plain.shapes["h"][0]
    for text in ("I", r"\mathbf{I}", f"I_{n}", f"I_{{{n}}}"):
        assert read_expression(text, plain) == Ones()
    with pytest.raises(UnboundName):
        read_expression("I_q", plain)
    defined = recurrence_from_latex([r"h_t = \tanh(W h_{t-1} + I x_t)"])
    assert read_expression("I", defined) == Sym("I")
