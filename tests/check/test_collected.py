"""What an audit leaves behind goes by itself: cycles wait for a search that costs a tenth of it."""

from __future__ import annotations

import gc

from bptt_sym.check.audit import audit
from bptt_sym.documents.document import document_from_text

#: With a slip, a name that nothing defines, what cannot be read, and shapes that do not fit.
TEXT = r"""
$$h_t = \tanh(W h_{t-1} + U x_t + b)$$
$$o_t = V h_t, \quad L = \sum_{t=1}^{T} \ell_t(o_t)$$
$$\frac{\partial h_t}{\partial h_{t-1}} = \mathrm{diag}(1 - h_t^2) W$$
$$\frac{\partial h_t}{\partial h_{t-1}} = \mathrm{diag}(1 - h_t) W$$
$$\frac{\partial L}{\partial W} = \sum_{t=1}^{T} \frac{\partial L}{\partial h_t} \odot q_t$$
$$\frac{\partial L}{\partial V} = V h_t = \frac{(}{)}$$
$$h_t = W W x_t x_t + \frac{1}{$$
$$\|\frac{\partial h_T}{\partial h_1}\| \leq \|W\|^{T}$$
"""


def test_what_an_audit_leaves_behind_is_hardly_ever_cyclic() -> None:
    found = audit(document_from_text(TEXT, "d.md"))  # (what is made once is made)
    verdicts = {j.verdict.verdict for j in found}
    assert {"right", "wrong"} <= verdicts and verdicts & {"undecided", "unreadable"}
    gc.collect()
    was_on = gc.isenabled()
    gc.disable()
    try:
        del found
        audit(document_from_text(TEXT, "d.md"))
        cyclic = gc.collect()
    finally:
        if was_on:
            gc.enable()
    assert cyclic < 1500
