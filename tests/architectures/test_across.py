"""Derivations across joined recurrences: every step, the joints, and the whole."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bptt_sym import rules
from bptt_sym.across import Handover, derive_across
from bptt_sym.across.whole import check_whole
from bptt_sym.cells import elman, elman_vector
from bptt_sym.errors import InputError, NotSupported, ReplayError
from bptt_sym.evaluate import executable
from bptt_sym.joined import Joined, Wire
from bptt_sym.notation import At, Fn, Idx, Mul, Sum, Sym, index, num
from bptt_sym.recurrence import Equation, Recurrence
from tests.architectures.test_joined import CASES

t = Idx("t")


def scalar_pair() -> Joined:
    """A scalar encoder whose last state starts a scalar decoder, and whose states it reads."""
    encoder = executable(elman())
    step = Fn("tanh", Mul((Sym("v"), At("s", index("t", -1)))))
    loss = Mul((At("s", t), At("q", t)))
    decoder = Recurrence(
        "decoder",
        (Equation("s", step), Equation("E", loss)),
        dict.fromkeys(("s", "q", "v", "E"), ()),
        totals={"E": Sum("k", num(1), Idx("T"), At("E", Idx("k")))},
    )
    wires = [Wire("encoder", "h", "decoder", "s", "last"), Wire("encoder", "h", "decoder", "q")]
    return Joined({"encoder": encoder, "decoder": decoder}, wires)


NETS = {name: net for name, (net, _) in CASES.items()} | {"scalar": scalar_pair()}


@pytest.mark.parametrize("name", sorted(NETS))
@pytest.mark.parametrize("form", ["adjoint", "series"])
def test_the_parts_add_up_for_every_parameter(name: str, form: str) -> None:
    net = NETS[name]
    # A translator has two dozen parameters: every fifth, others for the other form.
    start, step = (0 if form == "series" else 2, 5) if len(net.parameters) > 10 else (0, 1)
    for parameter in net.parameters[start::step]:
        check_whole(derive_across(net, parameter, form), seed=3)


@pytest.mark.parametrize(
    ("name", "parameter", "form", "hows"),
    [
        ("dot", "encoder.U_r", "series", {"memory", "last"}),
        ("bidirectional", "backward.W_{hh}", "series", {"reversed"}),
        ("scalar", "encoder.w", "telescoped", {"same", "last"}),
    ],
)
def test_every_step_replays_and_every_joint_prints(
    name: str, parameter: str, form: str, hows: set[str]
) -> None:
    across = derive_across(NETS[name], parameter, form)
    handed = [p for p in across.parts if isinstance(p, Handover)]
    assert {p.wire.how for p in handed} == hows
    verdicts = across.replay()
    assert len(verdicts) > 8 and all(v.is_right for v in verdicts)
    for shown in (across.text(), across.latex(), across.markdown()):
        assert all(p.words in shown for p in handed)
    assert r"\varepsilon_t" in across.latex() or r"\eta" in across.latex()


def test_a_wrong_joint_is_found() -> None:
    across = derive_across(NETS["bidirectional"], "backward.b")
    (joint, *rest) = across.parts
    assert isinstance(joint, Handover)
    turned = replace(joint, wire=replace(joint.wire, how="same"))
    with pytest.raises(ReplayError, match="do not add up"):
        replace(across, parts=(turned, *rest)).replay()
    lost = derive_across(NETS["scalar"], "encoder.w")
    with pytest.raises(ReplayError, match="do not add up"):
        # Without what the decoder's start passes back there is one cotangent too few.
        check_whole(replace(lost, parts=lost.parts[-1:]), 1)


def test_a_planted_wrong_rule_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    planted = {**rules.RULES, "tanh": rules.Rule(lambda a, y, f: 1 + y**2)}
    monkeypatch.setattr(rules, "RULES", planted)
    with pytest.raises(ReplayError):
        derive_across(NETS["scalar"], "encoder.w").replay()


def test_tied_parameters_are_summed_over_the_stages() -> None:
    net = CASES["bidirectional"][0]
    tied = Joined(net.stages, net.wires, tied={"backward.W_{ih}": "forward.W_{ih}"})
    across = derive_across(tied, "forward.W_{ih}")
    assert [p[0] for p in across.parts if not isinstance(p, Handover)] == ["backward", "forward"]
    check_whole(across, 2)


def test_what_the_loss_does_not_depend_on_is_refused() -> None:
    net = CASES["bidirectional"][0]
    with pytest.raises(InputError, match="no parameter"):
        derive_across(net, "forward.nothing")
    lonely = Joined({"alone": executable(elman_vector("one")), "both": net.stages["both"]}, [])
    with pytest.raises(NotSupported, match="does not depend"):
        derive_across(lonely, "alone.b")
