r"""Entries of weights with a label above, names of the entries of a chain, targets with a star."""

from __future__ import annotations

import pytest

from tests.check.audited import of_claims, shown

NET = shown(
    r"h^{(t)} = W^{R} a^{(t-1)} + W^{I} x^{(t)}, \quad a^{(t)} = \phi(h^{(t)})",
    r"z^{(t)} = W^{O} a^{(t)}",
)
LABELS = (r"\text{rec}", "rec", r"(rec)", r"\mathrm{rec}")
ENTRY = r"\frac{\partial a^{(t)}_i}{\partial a^{(t-1)}_j} = \phi'(h^{(t)}_%s) "


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("entry", ["W^{%s}_{ij}", "W_{ij}^{%s}", "W^{%s}_{i,j}", "W_{i, j}^{%s}"])
def test_entries_of_labelled_weights(label: str, entry: str) -> None:
    net = NET.replace("{R}", f"{{{label}}}").replace("{I}", "{in}").replace("{O}", "{out}")
    right = ENTRY % "i" + entry % label
    assert of_claims(net + shown(right)) == ["right"]
    assert "right" not in of_claims(net + shown(ENTRY % "j" + entry % label))


@pytest.mark.parametrize("name", ["J_{ij}", "J^{(t)}_{ij}", "J_{ij}^{(t)}", r"\mathbf{J}_{ij}"])
@pytest.mark.parametrize(
    "derivative", [ENTRY.partition(" =")[0], r"\partial a^{(t)}_i / \partial a^{(t-1)}_j"]
)
def test_a_name_for_the_entries_of_a_chain(name: str, derivative: str) -> None:
    net = NET.replace("{R}", "{rec}").replace("{I}", "{in}").replace("{O}", "{out}")
    rows = (rf"{name} = {derivative} = \phi'(h^{{(t)}}_{k}) W^{{rec}}_{{ij}}" for k in "ij")
    right, slipped = of_claims(net + shown(*rows))
    assert right == "right"
    assert slipped != "right"


@pytest.mark.parametrize("target", ["y^{*(t)}", "y^{(t)*}", "y^{*}_t", r"y^{\star (t)}", "y_t^*"])
def test_a_target_with_a_star(target: str) -> None:
    net = NET.replace("{R}", "{r}").replace("{I}", "{i}").replace("{O}", "{o}")
    loss = rf"$$L = \sum_t L^{{(t)}}, \quad L^{{(t)}} = \frac12 \|z^{{(t)}} - {target}\|^2$$" "\n\n"
    rows = (rf"\frac{{\partial L}}{{\partial z^{{(t)}}}} = z^{{(t)}} {s} {target}" for s in "-+")
    assert of_claims(net + loss + shown(*rows)) == ["right", "wrong"]
