"""A gradient that is given for another parameter than its own."""

from __future__ import annotations

from collections.abc import Sequence

from bptt_sym.testing.evidence import CLOSE, Diagnosis, Evidence, distance


def of_other_parameters(
    evidence: Sequence[Evidence], names: Sequence[str]
) -> dict[str, Diagnosis]:
    """Those of ``names`` for which the right gradient of another parameter is given."""
    taken = {name: other for name in names if (other := _other(evidence, name))}
    out = {}
    for name, other in taken.items():
        text = f"the gradient of {other} is given for it"
        if taken.get(other) == name:
            text = f"the gradients of {' and '.join(sorted((name, other)))} are exchanged"
        own = [e for e in evidence if name in e.wrong]
        worst = max(distance(e, name, e.problem.exact[other]) for e in own)
        out[name] = Diagnosis("other-parameter", text, (name,), worst, len(own))
    return out


def _other(evidence: Sequence[Evidence], name: str) -> str:
    """The parameter of the same shape whose gradient is given for ``name``, on several problems."""
    own = [e for e in evidence if name in e.wrong]
    if len(own) < 2 or name not in own[0].problem.params:
        return ""
    for other in own[0].problem.params:
        exact = [e.problem.exact[other] for e in own]
        if other == name or not any(v.any() for v in exact):
            continue
        if all(distance(e, name, v) <= CLOSE for e, v in zip(own, exact, strict=True)):
            return other
    return ""


__all__ = ["of_other_parameters"]
