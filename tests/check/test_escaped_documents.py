r"""Documents whose dollars were escaped by a converter, and every mark of a formula with them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bptt_sym.check.audit import audit
from bptt_sym.documents.document import document_from_text, read_document
from bptt_sym.documents.escaped import without_escapes_of_all

TEXT = r"""
The network is $h_t = \tanh(W^{hh} h_{t-1} + W^{xh} x_t)$, $y_t = W^{hy} h_t$.

$$\frac{\partial J_t}{\partial W^{hh}} = \sum_{k=1}^t \frac{\partial J_t}{\partial h_t}
\frac{\partial h_t}{\partial h_k} \frac{\partial^+ h_k}{\partial W^{hh}}$$

$$\begin{aligned} \frac{\partial h_t}{\partial h_{t-1}} &= \mathrm{diag}(1 - h_t^2) W^{hh} \\
 &= \mathrm{diag}(1 - h_t) W^{hh} \end{aligned}$$
"""


def _escaped(text: str) -> str:
    return re.sub(r"([\\$_^*])", r"\\\1", text)


def test_they_are_read_as_what_they_were(tmp_path: Path) -> None:
    plain, escaped = (audit(document_from_text(t, "a.md")) for t in (TEXT, _escaped(TEXT)))
    assert [j.verdict.verdict for j in escaped] == [j.verdict.verdict for j in plain]
    assert "wrong" in [j.verdict.verdict for j in plain]
    assert [j.place.line for j in escaped] == [j.place.line for j in plain]
    (path := tmp_path / "a.md").write_text(_escaped(TEXT), encoding="utf-8")
    (found,) = [j for j in audit(read_document(path)) if j.verdict.verdict == "wrong"]
    assert found.part is not None and found.part.line in _escaped(TEXT).splitlines()


@pytest.mark.parametrize("text", [
    r"It costs \$5, \$6, \$7 or \$8, as \\textit{they} say.",
    "$h_t$ and \\$5 \\$6 \\$7 \\$8 \\\\frac",
    "```\n\\$\\$\\$\\$\\\\frac\n```", "", r"\$\$\$\$",
])  # fmt: skip
def test_dollars_that_are_money_stay(text: str) -> None:
    found = without_escapes_of_all(text)
    assert len(found) == len(text)
    assert found == text or "textit" in text
