"""Answers as they are handed in: labelled, in plain text, on pages, in sentences, in pieces."""

from __future__ import annotations

import pytest

from bptt_sym.check.exercises import exercise, mark
from bptt_sym.check.exercises.feedback import feedback
from bptt_sym.messages import translator

A = r"\left[\frac{\partial h_t}{\partial w}\right]"
B = r"\left[\frac{\partial h_{t-1}}{\partial w}\right]"
TERM = rf"\left|(1-h_T^2)(1-h_{{T-1}}^2)\cdots(1-h_t^2){B}\right|"
GATED = r"i_t(1-i_t) U_i o_{t-1}(1-\tanh^2 c_{t-1}) \tilde c_t"
C = r"(1-\tilde c_t^2) U_c o_{t-1}(1-\tanh^2 c_{t-1}) i_t"

#: The exercise, the file's name, what is handed in, and the status and points of each part.
HANDED_IN = [
    # Labels say which part an answer is for, wherever it stands.
    ("ex1", "a.txt", "(a) (1-h_t^2) h_{t-1}\n(b) 1", "right 2 right 1"),
    ("ex1", "a.txt", "b) 1\na) (1-h_t^2) h_{t-1}", "right 2 right 1"),
    ("ex1", "a.txt",
     "a: h_{t-1}(1-h_t^2)\nb: |h_{t-1}(1-h_t^2)| <= |h_{t-1}| <= 1",
     "right 2 right 2"),
    ("ex1", "a.md",
     r"(a) $(1-h_t^2) h_{t-1}$ (b) $|(1-h_t^2) h_{t-1}| \le |h_{t-1}| \le 1$",
     "right 2 right 2"),
    ("ex1", "a.md",
     r"(a) $(1-h_t) h_{t-1}$ (b) $|(1-h_t^2) h_{t-1}| \le |h_{t-1}| \le 1$",
     "wrong 0 right 2"),
    ("ex1", "a.md", r"סעיף א: $(1-h_t^2) h_{t-1}$. סעיף ב: $1$.", "right 2 right 1"),
    ("ex1", "a.md", r"الف) $(1-h_t^2) h_{t-1}$" "\n\n" r"ب) $1$", "right 2 right 1"),
    ("lstm-terms", "a.md", f"(C) ${GATED}$\n\n(D) ${C}$", "missing 0 right 1 right 1"),
    ("lstm-terms", "a.md", f"(C) ${C}$\n\n(D) ${GATED}$", "missing 0 wrong 0 wrong 0"),
    ("lstm-terms", "a.md", f"3. ${C}$\n2. ${GATED}$", "missing 0 right 1 right 1"),
    # Text of a keyboard.
    ("ex1", "a.txt",
     "(a) dh_t/dw = (1 - tanh(w h_{t-1} + u_t)^2) * h_{t-1}\n(b) |dh_t/dw| <= 1",
     "right 2 right 1"),
    ("ex1", "a.txt",
     "(a) dh[t]/dw = (1 - h[t]**2)*h[t-1]\n(b) abs(dh[t]/dw) <= abs(h[t-1]) <= 1",
     "right 2 right 2"),
    ("ex1", "a.txt",
     "(a) dh[t]/dw = (1 - h[t]**2)*h[t]\n(b) abs(dh[t]/dw) <= 1/2",
     "wrong 1 wrong 0"),
    ("ex3", "a.txt", "dh1/dw = 0", "right 2"),
    ("ex3", "a.txt", "dh1/dw = 1 - h1^2", "unreadable 0"),
    ("series", "a.txt", "dh_T/dw = sum_{t=1}^T w^(T-t) prod_{j=t}^T (1-h_j^2) h_{t-1}", "right 4"),
    ("series", "a.txt",
     "dh_T/dw = sum_{t=1}^T w^(T-t) prod_{j=t+1}^T (1-h_j^2) h_{t-1}",
     "wrong 2"),
    ("chain", "a.txt", "(a) prod_{t=1}^T w(1-h_t^2)\n(b) |w|^T", "right 2 right 1"),
    ("sigmoid-step", "a.txt",
     "∂c_t/∂c_{t-1} = W c_t (1 - c_t)\nso |∂c_t/∂c_{t-1}| = |W| c_t (1-c_t) ≤ 0.25 "
     "|W|",
     "right 1 right 2"),
    # Pages.
    ("ex1", "a.html",
     "<p>(a) [&part;h<sub>t</sub>/&part;w] = (1 &minus; h<sub>t</sub><sup>2</sup>) "
     "h<sub>t&minus;1</sub></p><p>(b) |(1 &minus; h<sub>t</sub><sup>2</sup>) "
     "h<sub>t&minus;1</sub>| &le; |h<sub>t&minus;1</sub>| &le; 1</p>",
     "right 2 right 2"),
    ("recursion", "a.html",
     "<p>∂h<sub>T</sub>/∂w = (1 − h<sub>T</sub><sup>2</sup>) (h<sub>T−1</sub> − w "
     "∂h<sub>T−1</sub>/∂w)</p>",
     "wrong 1"),
    # T is the question's T, also where an answer has it in a range alone.
    ("chain", "a.md", r"(a) $\prod_{t=1}^{T-1} w(1-h_t^2)$", "wrong 1 missing 0"),
    ("chain", "a.md", r"(a) $\prod_{t=0}^{T-1} w(1-h_{t+1}^2)$", "right 2 missing 0"),
    ("series", "a.md", r"$$\sum_{t=1}^{N} w^{N-t} \prod_{j=t}^{N} (1-h_j^2) h_{t-1}$$", "right 4"),
    # What the words say of an answer.
    ("ex3", "a.md", "The answer is $0$ because $h_0$ is a constant.", "right 2"),
    ("ex3", "a.md", "The answer is $1$ because $h_0$ is a constant.", "wrong 0"),
    ("ex3", "a.md", r"$\frac{\partial h_1}{\partial w} = (1-h_1^2) h_0$, which is $0$.", "right 2"),
    ("ex3", "a.md", r"$\frac{\partial h_1}{\partial w} = (1-h_1^2) h_0$, which is $1$.", "wrong 0"),
    ("ex1", "a.md",
     "The derivative is\n$$(1-h_t^2)h_{t-1}$$\nIt is bounded by $1$.",
     "right 2 right 1"),
    ("ex1", "a.md",
     "The derivative is\n$$(1-h_t^2)h_{t-1}$$\nIt is bounded by $1/2$.",
     "right 2 wrong 0"),
    ("ex3", "a.md", "I have no idea.", "missing 0"),
    # An argument in pieces.
    ("ex2", "a.md",
     rf"$${TERM} \le \left|{B}\right|.$$ Moreover $\left|{B}\right| \le |h_{{t-2}}| "
     rf"\le 1$.",
     "right 4"),
    ("ex2", "a.md", rf"$${TERM} \le \left|{B}\right|.$$ Moreover $|h_{{t-2}}| \le 1$.", "form 3"),
    ("ex1", "a.md",
     rf"${A} = (1-h_t^2) h_{{t-1}}$, $\left|{A}\right| \le |h_{{t-1}}|$ and "
     rf"$|h_{{t-1}}| \ge 0$.",
     "right 2 form 1.5"),
    # Derivatives that are not marked as the question's are.
    ("ex1", "a.md",
     r"$\frac{\partial h_t}{\partial w} = (1-h_t^2) h_{t-1}$, $|\frac{\partial "
     r"h_t}{\partial w}| \le |h_{t-1}| \le 1$",
     "right 2 right 2"),
    ("ex1", "a.md",
     r"$\frac{dh_t}{dw} = (1-h_t^2)h_{t-1}$ and $|\frac{dh_t}{dw}| \le |h_{t-1}| \le "
     r"1$",
     "form 1 form 1.5"),
    ("ex1", "a.md",
     r"$\frac{dh_t}{dw} = (1-h_t^2)(h_{t-1} + w \frac{dh_{t-1}}{dw})$",
     "wrong 0 missing 0"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "file", "text", "wanted"), HANDED_IN)
def test_each_part_gets_what_it_deserves(name: str, file: str, text: str, wanted: str) -> None:
    found = mark(exercise(name), text, file)
    assert " ".join(f"{p.status} {p.score:g}" for p in found.parts) == wanted


@pytest.mark.parametrize(
    ("name", "text", "looked_at"),
    [
        ("ex3", "It is zero.", True),
        ("ex3", "", False),
        ("ex3", "0", False),
        # Right for w ≥ 0 only: it is for a person to say whether that was meant.
        ("chain", r"$\left|\frac{\partial h_T}{\partial h_0}\right| \le w^T$", True),
        ("lstm-terms", rf"$\frac{{dc_t}}{{dc_{{t-1}}}} = f_t + {GATED} + {C}$", True),
        ("ex1", r"$\frac{dh_t}{dw} = (1-h_t^2)h_{t-1}$", True),
    ],
)
def test_what_a_person_must_look_at(name: str, text: str, looked_at: bool) -> None:
    assert mark(exercise(name), text).needs_review is looked_at


def test_what_is_said_has_no_name_that_the_text_has_not() -> None:
    text = rf"$|{A}| \le \max|\tanh'| \cdot |h_{{t-1}}| \le 1$"
    said = " ".join(
        s.words for s in feedback(mark(exercise("ex1"), text), "full", translator("en"))
    )
    assert r"no definition gives \max|\tanh'|" in said
    assert "kappa" not in said and r"\infty" not in said and "mathcal" not in said
