"""Random recurrences: gates and states in any combination that is well shaped."""

from __future__ import annotations

import numpy as np

from bptt_sym import notation as n
from bptt_sym.recurrence import Equation, Recurrence

T_NOW = n.Idx("t")


def at(name: str, lag: int = 0) -> n.Node:
    return n.At(name, n.index("t", -lag))


def random_cell(seed: int) -> Recurrence:
    """One or two vector states, up to three gates, lags up to 2, scalars, ones and quotients."""
    rng = np.random.default_rng(seed)
    states = ["h", "c"][: rng.integers(1, 3)]
    shapes: dict[str, tuple[str | int, ...]] = dict.fromkeys(states, ("n",)) | {"x": ("m",)}
    lag = int(rng.integers(1, 3))
    equations: list[Equation] = []
    known: list[n.Node] = [at(s, 1) for s in states] + ([at("h", 2)] if lag == 2 else [])

    def parameter(name: str, shape: tuple[str | int, ...]) -> n.Node:
        shapes[name] = shape
        return n.Sym(name)

    def affine(tag: str) -> n.Node:
        source = known[rng.integers(len(known))]
        terms = [n.Mul((parameter(f"U_{tag}", ("n", "n")), source))]
        if rng.random() < 0.7:
            terms.append(n.Mul((parameter(f"W_{tag}", ("n", "m")), at("x"))))
        if rng.random() < 0.6:
            terms.append(parameter(f"b_{tag}", ("n",)))
        if rng.random() < 0.3:
            terms.append(n.Had((parameter(f"p_{tag}", ("n",)), known[0])))
        if rng.random() < 0.2:
            concatenated = n.Concat((source, at("x")))
            terms.append(n.Mul((parameter(f"K_{tag}", ("n", "n+m")), concatenated)))
        order = rng.permutation(len(terms))
        return n.Add(tuple(terms[i] for i in order)) if len(terms) > 1 else terms[0]

    def activation(node: n.Node) -> n.Node:
        return n.Fn(str(rng.choice(["tanh", "sigma", "tanh", "sech"])), node)

    for k in range(int(rng.integers(0, 4))):
        gate = f"g{k}"
        shapes[gate] = ("n",)
        equations.append(Equation(gate, activation(affine(f"g{k}"))))
        known.append(at(gate))
    for s in states:
        choices = [activation(affine(f"s{s}"))]
        if len(known) > len(states):
            gate = known[-1]
            blend = n.Add((n.num(1), n.Neg(gate)))
            choices.append(n.Add((n.Had((gate, at(s, 1))), n.Had((blend, choices[0])))))
            choices.append(
                n.Add(
                    (
                        at(s, 1),
                        n.Mul(
                            (n.num(1) if rng.random() < 0.5 else n.Div(n.num(1), n.num(3)), gate)
                        ),
                    )
                )
            )
        scale = parameter(f"a_{s}", ())
        choices.append(n.Add((n.Mul((scale, at(s, 1))), choices[0])))
        equations.append(Equation(s, choices[rng.integers(len(choices))]))
        known.append(at(s))
    return Recurrence(f"random{seed}", tuple(equations), shapes)
