"""Joined recurrences: an encoder and a decoder with attention, and two directions."""

from __future__ import annotations

import numpy as np
import pytest

from bptt_sym import elman_vector
from bptt_sym.architectures import (
    CONTEXT,
    apart,
    attention,
    cross_entropy,
    embedded,
    gru,
    readout,
)
from bptt_sym.errors import InputError, ModelError
from bptt_sym.evaluate import executable
from bptt_sym.joined import Joined, Wire
from bptt_sym.notation import At, Concat, Idx, Mul, Sym
from bptt_sym.recurrence import Equation, Recurrence

N, M, V, S, T, B = 4, 3, 5, 6, 4, 2
DIMS = {"n": N, "m": M, "v": V, "k": V, "s": S, "q": 3}


def translator(score: str) -> Joined:
    decoder = cross_entropy(readout(attention(embedded(gru()), score), "s"))  # type: ignore[arg-type]
    wires = [
        Wire("encoder", "h", "decoder", "M", "memory"),
        Wire("encoder", "h", "decoder", "h", "last"),
    ]
    return Joined(
        {"encoder": executable(embedded(gru())), "decoder": decoder},
        wires,
        context={"decoder": [c for c in CONTEXT if c in decoder.parameters]},
    )


def both_ways() -> Joined:
    t = Idx("t")
    top = Recurrence(
        "both",
        (
            Equation("g", Mul((Sym("K"), Concat((At("f", t), At("b", t)))))),
        ),
        {"g": ("v",), "K": ("v", "n+n"), "f": ("n",), "b": ("n",)},
    )  # fmt: skip
    cell = executable(elman_vector("one"))
    return Joined(
        {"forward": cell, "backward": cell, "both": cross_entropy(top, "g")},
        [Wire("forward", "h", "both", "f"), Wire("backward", "h", "both", "b", "reversed")],
    )


def sizes(shape: tuple) -> tuple[int, ...]:
    from bptt_sym.evaluate.program import Size

    return tuple(Size.of(d).value(DIMS) for d in shape)


def instance(net: Joined, steps: dict[str, int]) -> tuple[dict, dict]:
    rng = np.random.default_rng(7)
    params = {n: rng.normal(size=sizes(net.shape(n))) for n in net.parameters}
    wired = {f"{w.target}.{w.name}" for w in net.wires}
    given = {}
    for stage, rec in net.stages.items():
        for name in rec.inputs:
            given[f"{stage}.{name}"] = rng.normal(size=(steps[stage], B, *sizes(rec.shape(name))))
        for name in (*rec.states, *net.contexts.get(stage, ())):
            given[f"{stage}.{name}"] = rng.normal(size=(B, *sizes(rec.shape(name))))
    return params, {k: v for k, v in given.items() if k not in wired}


CASES = {
    "dot": (translator("dot"), {"encoder": S, "decoder": T}),
    "additive": (translator("additive"), {"encoder": S, "decoder": T}),
    "bidirectional": (both_ways(), {"forward": T, "backward": T, "both": T}),
}


@pytest.mark.parametrize("name", sorted(CASES))
def test_the_gradient_through_all_stages(name: str) -> None:
    net, steps = CASES[name]
    params, given = instance(net, steps)
    _, grads = net(params, given)
    assert set(grads) == set(net.parameters)
    rng = np.random.default_rng(8)
    for key in net.parameters:
        step = 1e-6 * rng.normal(size=params[key].shape)
        up, down = (
            net.forward({**params, key: params[key] + s * step}, given)[0]["loss"] for s in (1, -1)
        )
        expected = (grads[key] * step).sum()
        assert (up - down) / 2 == pytest.approx(expected, rel=2e-6, abs=3e-14), key


def test_the_encoder_alone_learns_only_through_the_wires() -> None:
    """Without the memory's wire back, the encoder's gradient would be another."""
    net, steps = CASES["dot"]
    params, given = instance(net, steps)
    _, grads = net(params, given)
    net.wires, kept = net.wires[1:], net.wires
    cut = {**given, "decoder.M": net.wires and np.zeros((B, S, N))}
    _, other = net(params, cut)
    net.wires = kept
    assert np.abs(grads["encoder.U_h"] - other["encoder.U_h"]).max() > 1e-3


def test_tied_parameters_share_their_gradient() -> None:
    net, steps = CASES["bidirectional"]
    tied = {f"backward.{p}": f"forward.{p}" for p in ("W_{ih}", "W_{hh}", "b")}
    one = Joined(net.stages, net.wires, tied=tied)
    params, given = instance(net, steps)
    same = params | {k: params[v] for k, v in tied.items()}
    _, apart = net(same, given)
    _, together = one({k: v for k, v in params.items() if k not in tied}, given)
    for key, home in tied.items():
        np.testing.assert_allclose(together[home], apart[home] + apart[key], rtol=1e-12)


def test_the_same_as_bidirectional_torch() -> None:
    torch = pytest.importorskip("torch")
    net, steps = CASES["bidirectional"]
    params, given = instance(net, steps)
    x = given["forward.x"]
    given |= {"backward.x": x[::-1], "forward.h": np.zeros((B, N)), "backward.h": np.zeros((B, N))}
    module = torch.nn.RNN(M, N, bidirectional=True, dtype=torch.float64)
    state = {}
    for stage, end in (("forward", ""), ("backward", "_reverse")):
        state[f"weight_ih_l0{end}"] = params[f"{stage}.W_{{ih}}"]
        state[f"weight_hh_l0{end}"] = params[f"{stage}.W_{{hh}}"]
        state[f"bias_ih_l0{end}"] = params[f"{stage}.b"]
        state[f"bias_hh_l0{end}"] = np.zeros(N)
    module.load_state_dict({k: torch.from_numpy(v) for k, v in state.items()})
    hidden = module(torch.from_numpy(x))[0].detach().numpy()
    values, _ = net.forward(params, given)
    mine = np.concatenate([values["forward.h"], values["backward.h"][::-1]], -1)
    assert np.abs(mine - hidden).max() < 1e-12


@pytest.mark.parametrize(
    "wire",
    [
        Wire("decoder", "h", "encoder", "x"),
        Wire("encoder", "zz", "decoder", "h", "last"),
        Wire("encoder", "h", "decoder", "zz"),
        Wire("nobody", "h", "decoder", "h", "last"),
    ],
)
def test_a_wire_that_leads_nowhere(wire: Wire) -> None:
    with pytest.raises(ModelError):
        Joined(CASES["dot"][0].stages, [wire])




def test_compiled_stages_give_the_same() -> None:
    from bptt_sym.evaluate.compile_c import compiler

    if compiler() is None:
        pytest.skip("no C compiler")
    net, steps = CASES["bidirectional"]
    params, given = instance(net, steps)
    fast = Joined(net.stages, net.wires, backend="c")
    loss, grads = net(params, given)
    other, compiled = fast(params, given)
    assert loss == pytest.approx(other, rel=1e-13)
    for key, g in grads.items():
        np.testing.assert_allclose(compiled[key], g, rtol=1e-11, atol=1e-13)


def test_outputs_apart_from_states_are_the_same_network() -> None:
    whole = cross_entropy(readout(attention(embedded(gru()), "dot"), "s"))
    states, rest = apart(whole)
    assert set(states.parameters) | set(rest.parameters) == set(whole.parameters)
    assert rest.states == () and r"\alpha" in rest.defined and "E" in rest.totals
    context = [c for c in CONTEXT if c in rest.parameters]
    one = Joined({"all": whole}, [], context={"all": context})
    two = Joined(
        {"states": states, "rest": rest},
        [Wire("states", "h", "rest", "h")],
        context={"rest": context},
        backend="c",
    )
    params, given = instance(one, {"all": T})
    home = {
        p: f"{s}.{p}"
        for s, rec in two.stages.items()
        for p in (*rec.parameters, *rec.inputs)
        if p in (*whole.parameters, *whole.inputs)
    }
    moved = {home.get(k[4:], f"states.{k[4:]}"): v for k, v in (params | given).items()}
    loss, grads = one(params, given)
    other, split = two(moved, moved)
    assert loss == pytest.approx(other, rel=1e-13)
    for key, g in grads.items():
        np.testing.assert_allclose(split[home[key[4:]]], g, rtol=1e-10, atol=1e-12)
    with pytest.raises(InputError):
        apart(executable(gru()))
