"""Derivations of every architecture replay; written formulas about them are decided."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bptt_sym import derive
from bptt_sym.architectures import attention, cross_entropy, gru, readout, stack
from bptt_sym.cells import cell, elman_vector, lstm
from bptt_sym.decide import decide
from bptt_sym.errors import InputError, ReplayError
from bptt_sym.notation import Add, Node, Outer, rebuild
from bptt_sym.read import read_claim, recurrence_from_latex
from bptt_sym.recurrence import Recurrence
from tests.architectures.examples import ALL, CELLS
from tests.derive.oracle import failures


def targets(rec: Recurrence) -> list[tuple[str, str]]:
    """A one-step Jacobian, a series by lag and an adjoint of each."""
    state = rec.states[-1]
    bias = next(
        (p for p in rec.parameters if p.startswith(("b_", "b^")) and not p.startswith("b_y")),
        rec.parameters[0],
    )
    if len(rec.states) > 2:
        bias = next(p for p in reversed(rec.parameters) if len(rec.shape(p)) < 2)
        bias = bias if bias != "b_y" else rec.parameters[0]
    loss = "E" if "E" in rec.totals else "L"
    asked = [(f"d{state}[t]/d{state}[t-1]", "jacobian"), (f"d{state}[T]/d{bias}", "series")]
    if loss in rec.totals:
        asked.append((f"d{loss}/d{rec.parameters[1]}", "adjoint"))
    return asked


@pytest.mark.parametrize("name", sorted(ALL))
def test_derivations_print_and_replay(name: str) -> None:
    for target, form in targets(ALL[name]):
        derivation = derive(ALL[name], target, form=form)
        assert derivation.latex() and derivation.text()
        if form == "jacobian":
            derivation.replay()
        else:
            assert failures(derivation, longest=3) == []


def test_three_forms_agree_for_two_layers() -> None:
    two = stack(elman_vector("one"), 2)
    derive(two, "dC/db^{(1)}", T=3, form="agree").replay()


def test_accents_stand_over_the_letter_and_layers_beside_it() -> None:
    told = derive(stack(lstm(vector=True), 2), "dE/dU^{(1)}_c", form="adjoint")
    assert r"\hat{c}^{(1)}" in told.latex() and r"\hat{h" not in told.latex()
    assert failures(told, longest=2) == []


def test_paths_through_layers_and_time() -> None:
    two = stack(elman_vector("one"), 2)
    for form in ("telescoped", "series"):
        paths = derive(two, "dh^{(2)}[T]/dh^{(1)}[k]", form=form)
        paths.replay()
        assert paths.inductions  # for every T


GRU = gru()
FOUR_PATHS = (
    r"\mathrm{diag}(z_t) + \mathrm{diag}(h_{t-1} - \tilde h_t)\mathrm{diag}(z_t \odot (1-z_t))U_z"
    r" + \mathrm{diag}(1-z_t)\mathrm{diag}(1-\tilde h_t^2)\mathrm{diag}(r_t)U_h"
    r" + \mathrm{diag}(1-z_t)\mathrm{diag}(1-\tilde h_t^2)\mathrm{diag}(U_h h_{t-1} + c_h)"
    r"\mathrm{diag}(r_t \odot (1-r_t))U_r"
)
SLIP = FOUR_PATHS.replace("diag}(r_t)", "diag}(z_t)")
SOFTMAX = cross_entropy(readout(elman_vector("one")))
DOT = attention(elman_vector("one"))
TWO = stack(elman_vector("one"), 2)


@pytest.mark.parametrize(
    ("rec", "claim", "verdict"),
    [
        (GRU, rf"\frac{{d h_t}}{{d h_{{t-1}}}} = {FOUR_PATHS}", "right"),
        (GRU, rf"\frac{{d h_t}}{{d h_{{t-1}}}} = {SLIP}", "wrong"),
        (GRU, r"\frac{d h_t}{d h_{t-1}} = \mathrm{diag}(z_t)", "wrong"),
        (
            SOFTMAX,
            r"\frac{\partial p_t}{\partial y_t} = \mathrm{diag}(p_t) - p_t p_t^\top",
            "right",
        ),
        (SOFTMAX, r"\frac{\partial p_t}{\partial y_t} = \mathrm{diag}(p_t(1 - p_t))", "wrong"),
        (
            DOT,
            r"\frac{d a_t}{d h_t} = M^\top(\mathrm{diag}(\alpha_t) - \alpha_t\alpha_t^\top)M",
            "right",
        ),
        (DOT, r"\frac{d a_t}{d h_t} = M^\top\mathrm{diag}(\alpha_t)M", "wrong"),
        (
            TWO,
            r"\frac{d h^{(2)}_t}{d h^{(1)}_t} = "
            r"\mathrm{diag}(1 - (h^{(2)}_t)^2) W^{(2)}_{ih}",
            "right",
        ),
        (
            TWO,
            r"\frac{d h^{(2)}_t}{d h^{(1)}_{t-1}} = "
            r"\mathrm{diag}(1 - (h^{(2)}_t)^2) W^{(2)}_{ih} "
            r"\mathrm{diag}(1 - (h^{(1)}_t)^2) W^{(1)}_{hh}",
            "wrong",  # the path through h^{(2)}_{t-1} is missing
        ),
    ],
)
def test_written_formulas_are_decided(rec: Recurrence, claim: str, verdict: str) -> None:
    assert decide(read_claim(claim, rec), rec).verdict == verdict


def test_the_gru_is_its_latex() -> None:
    told = recurrence_from_latex(
        [
            r"r_t = \sigma(W_r x_t + U_r h_{t-1} + b_r)",
            r"z_t = \sigma(W_z x_t + U_z h_{t-1} + b_z)",
            r"\tilde h_t = \tanh(W_h x_t + r_t \odot (U_h h_{t-1} + c_h) + b_h)",
            r"h_t = (1 - z_t) \odot \tilde h_t + z_t \odot h_{t-1}",
            "E_t = E(h_t)",
            r"E = \sum_{t=1}^{T} E_t",
        ]
    )
    shipped = cell("gru-vector")
    assert shipped.equations == told.equations and shipped.shapes == told.shapes


@pytest.mark.parametrize("score", ["dot", "additive"])
def test_a_planted_mistake_in_the_softmax_jacobian_fails_its_step(score: str) -> None:
    rec = attention(elman_vector("one"), score)  # type: ignore[arg-type]
    x = "h[t]" if score == "dot" else "h[t-1]"
    right = derive(rec, rf"d\alpha[t]/d{x}", form="jacobian")
    right.replay()

    def without_outer(node: Node) -> Node:
        outer = [a for a in getattr(node, "args", ()) if isinstance(getattr(a, "arg", 0), Outer)]
        if isinstance(node, Add) and outer:
            return node.args[0]
        return rebuild(node, without_outer)

    last = right.steps[-1]
    planted = replace(last, rhs=without_outer(last.rhs))
    assert planted != last
    with pytest.raises(ReplayError):
        replace(right, steps=(*right.steps[:-1], planted)).replay()


def test_masks_of_a_stack_stand_where_they_should() -> None:
    masked = stack(cell("gru-vector"), 2, "variational")
    text = derive(masked, "dh^{(2)}[t]/dh^{(2)}[t-1]", form="jacobian").latex()
    assert "e^{(2)}" in text and "e^{(1)}" not in text
    # What the update gate keeps is not masked.
    assert "z^{(2)}" in text and len(masked.inputs) == 4
    assert stack(cell("gru-vector"), 2).inputs == ("x",)


@pytest.mark.parametrize(
    "call",
    [
        lambda: gru(keep="zz"),  # type: ignore[arg-type]
        lambda: stack(gru(), 0),
        lambda: stack(gru(), 2, "sometimes"),  # type: ignore[arg-type]
        lambda: attention(gru(vector=False)),
        lambda: attention(gru(), "cosine"),  # type: ignore[arg-type]
        lambda: cross_entropy(gru()),
        lambda: stack(cell("sigmoid-rnn"), 2),
    ],
)
def test_what_cannot_be_built_is_the_askers_error(call) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError):
        call()


def test_every_cell_has_its_own_name() -> None:
    assert {CELLS[k].name for k in CELLS} == {
        "gru", "gru-vector", "lstm-peephole", "lstm-peephole-vector"
    }  # fmt: skip


def test_a_stack_is_its_latex() -> None:
    def layer(k: int, below: str) -> str:
        return (
            rf"h^{{({k})}}_t = \tanh(W_{{ih}}^{{({k})}} {below}_t + b^{{({k})}}"
            rf" + W^{{({k})}}_{{hh}} h_{{t-1}}^{{({k})}})"
        )

    told = recurrence_from_latex([layer(1, "x"), layer(2, "h^{(1)}")])
    assert told.equations == stack(elman_vector("one"), 2).equations[:2]
