"""Formulas in fences of plain text: which lines are mathematics, and what they say."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bptt_sym.check.audit import audit
from bptt_sym.documents.document import document_from_text, read_document
from bptt_sym.documents.plain_lines import line_formulas
from tests.check.audited import judged, verdicts

CELL = """A gated cell:

```
p_t = σ(Wp·x_t + Up·s_{t-1} + bp)    how much is kept
q_t = σ(Wq·x_t + Uq·s_{t-1} + bq)
m_t = tanh(Wm·x_t + Um·s_{t-1} + bm)
c_t = p_t ⊙ c_{t-1} + q_t ⊙ m_t
s_t = tanh(c_t)
```

"""


def fenced(*lines: str, cell: str = CELL) -> str:
    return cell + "```text\n" + "\n".join(lines) + "\n```\n"


def lines(text: str) -> list[str]:
    return [line.run.latex for line in line_formulas(text, 0, len(text))]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("∂c_t/∂c_{t-1} = p_t  // the direct path", "right"),
        ("∂L/∂m_t = ∂L/∂c_t ⊙ q_t", "right"),
        ("(2) ∂L/∂m_t[j] = ∂L/∂c_t[j] · q_t[j]   # unit by unit", "right"),
        ("So: ∂L/∂p_t = δc_t ⊙ c_{t-1}   ✓", "right"),
        ("δp_t[k] = δc_t[k] * c_{t-1}[k]", "right"),
        ("∂L/∂p_t = ∂L/∂c_t ⊙ c_t", "wrong"),
        ("∂L/∂c_t (from c_{t+1}) = ∂L/∂c_{t+1} ⊙ p_{t+1}", "right"),
        ("∂L/∂c_t (via s_t) = ∂L/∂s_t ⊙ tanh'(c_t)", "right"),
        # Words in the place of an operand: not a formula to be taken in part.
        ("∂L/∂m_t = ∂L/∂c_t ⊙ the gate q_t", None),
        ("∂L/∂c_0 = ∂L/∂c_T ⊙ ∂c_T/∂c_{T-1} ⊙ ... ⊙ ∂c_1/∂c_0", "right"),
        ("∂L/∂c_{t-1} = ∂L/∂c_t ⊙ p_t ⊙ §", None),
        ("d_c[t] += d_s[t] * tanh_prime(c[t]);", None),
    ],
)
def test_lines_about_derivatives(line: str, expected: str | None) -> None:
    assert verdicts(fenced(line)) == ([] if expected is None else [expected])


def test_a_line_that_goes_on_is_one_chain() -> None:
    chain = ("∂L/∂m_t = ∂L/∂c_t ⊙ ∂c_t/∂m_t      (chain rule)", "        = δc_t ⊙ q_t")
    found = judged(fenced(*chain))
    assert len(found) == 1 and found[0].latex.count("=") == 2
    slip = fenced("∂L/∂m_t = ∂L/∂c_t ⊙ q_t", "        + ∂L/∂c_t ⊙ p_t")
    assert verdicts(slip) == ["wrong"]


def test_places_are_those_of_the_file() -> None:
    (found,) = judged(fenced("│  ∂L/∂m_t = ∂L/∂c_t ⊙ q_t   │"))
    assert (found.place.line, found.place.column) == (CELL.count("\n") + 2, 4)


@pytest.mark.parametrize(
    ("line", "read"),
    [
        ("∂L/∂W = Σ(t=1 to T) δ_t x_t^T", "∂L/∂W = Σ_{t=1}^{T} \\delta _t x_t^T"),
        ("∂h_t/∂h_k = prod[j=k+1..t] ∂h_j/∂h_{j-1}", "∂h_t/∂h_k = ∏_{j=k+1}^{t} ∂h_j/∂h_{j-1}"),
        ("h_t = tanh(Wxh x_t + Whh h_{t-1} + bh)",
         "h_t = tanh(W_{xh} x_t + W_{hh} h_{t-1} + b_{h})"),
    ],
)  # fmt: skip
def test_spelling(line: str, read: str) -> None:
    assert lines(line) == [read]


@pytest.mark.parametrize(
    "code",
    [
        "dh = np.dot(W.T, dy) + dh_next",
        "for t in range(T): ∂h = 1",
        "grad[t] += delta[t] * h[t-1];",
        "∂L/∂W = Σ     Σ  ∂L_t/∂h_t",  # its bounds stand above and below
    ],
)
def test_code_and_drawings_are_left_alone(code: str) -> None:
    assert lines(code) == []


@settings(deadline=None, max_examples=60)
@given(st.text(alphabet="∂δLWhtc_{}=+-·/()[]1 \n#Σ,²'", max_size=60))
def test_any_text_ends_and_keeps_its_places(text: str) -> None:
    for line in line_formulas(text, 0, len(text)):
        assert 0 <= line.start < line.end <= len(text)
        assert all(line.start <= o <= line.end for o in line.run.offsets)


@pytest.mark.parametrize(
    "text",
    [
        "```\n∂L/∂h = " + " " * 200_000 + "x\n```\n",
        "```\n" + ("∂L/∂h_t = a" + " " * 900 + "(x\n") * 60 + "```\n",
        "```\n∂L/∂h_t = a\n" + "  + b_t ⊙ c_t\n" * 3_000 + "```\n",
        "[\n" * 20_000,
    ],
)
def test_long_lines_and_spaces_end(text: str) -> None:
    assert all(len(j.latex) < 2_000 for j in judged(text))


ASCII = """Notes on BPTT

h_t = tanh(W h_{t-1} + U x_t)
y_t = V h_t
L = sum_t 1/2 (y_t - d_t)^2

dL/dV = sum_t (y_t - d_t) h_t^T
dL/dU = sum_t diag(1 - h_t^2) dL/dh_t x_{t-1}^T
1. dh_t/dh_{t-1} = diag(1 - h_t^2) W
2. dh_T/dh_0 = prod_{t=1}^{T} diag(1 - h_t^2) W
The price of a unit changes as dp/dq = 3.
"""


def test_a_file_of_plain_text_without_any_sign_of_mathematics(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text(ASCII, encoding="utf-8")
    found = [(j.place.line, j.verdict) for j in audit(read_document(path))]
    assert [line for line, v in found if v.verdict == "wrong"] == [8]
    assert [line for line, v in found if v.is_right] == [7, 9, 10]


def test_sentences_of_plain_text_are_no_formulas(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear all,\n\nthe rate r = 3 is as before.\nx = 5\n", encoding="utf-8")
    assert not audit(read_document(path))


@pytest.mark.parametrize("around", ["```text\n{}\n```\n", "Then\n\n{}\n\nand\n", "So {} here.\n"])
@pytest.mark.parametrize(
    ("formula", "whole"),
    [
        (r"∂L/∂x_t = U^{\mathsf{T}} δ_t", True),
        (r"∂L/∂x_t = U^{\frob{\x{T}}} δ_t", False),
        ("∂L/∂x_t = U^⟨3⟩ δ_t", False),
        ("∂L/∂x_t = U⟨δ_t⟩", False),
    ],
)
def test_a_formula_in_plain_text_is_whole_or_none(around: str, formula: str, whole: bool) -> None:
    document = document_from_text(around.format(formula), "n.md")
    found = [f.latex.replace(r"\delta _", "δ_") for f in (*document.formulas, *document.plain)]
    assert found == ([formula] if whole else [])


AT = """```
h_t = tanh(W_hh @ h_{t-1} + W_xh @ x_t + b)
y_t = W_hy @ h_t
L = 1/2 * sum_t ||y_t - target_t||^2
```

"""


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("∂h_t/∂h_{t-1} = diag(1 - h_t²) @ W_hh", "right"),
        ("∂h_t/∂h_{t-1} = W_hh @ diag(1 - h_t²)", "wrong"),
        ("∂h_T/∂h_0 = ∏_{t=1}^{T} diag(1 - h_t²) @ W_hh", "right"),
        ("dh_t = W_hy.T @ dy_t + W_hh.T @ (dh_{t+1} * (1 - h_{t+1}²))", "right"),
        ("dh_t = W_hy.T @ dy_t\n     + W_hh.T\n     @ (dh_{t+1} * (1 - h_t²))", "wrong"),
        ("dW_hh = Σ_t (dh_t * (1 - h_t²)) @ h_{t-1}.T", "right"),
        # An operand that is not understood takes the whole line with it.
        ("∂h_t/∂h_{t-1} = diag(1 - h_t²) @ §", None),
        ("@jit(y) = W_hy", None),
    ],
)
def test_products_of_matrices_as_code_has_them(line: str, expected: str | None) -> None:
    assert verdicts(fenced(line, cell=AT)) == ([] if expected is None else [expected])


LAST = """```
h_t = tanh(W h_{t-1} + U x_t)
ŷ = softmax(V h_T)
L = -y^T log ŷ
```

"""
MEAN = """```
h_t = tanh(W h_{t-1} + U x_t)
L = 1/T Σ_{t=1}^{T} L_t(h_t)
```

"""


@pytest.mark.parametrize(
    ("cell", "line", "expected"),
    [
        (LAST, "∂L/∂V = (ŷ - y) h_T^T", "right"),
        (LAST, "∂L/∂V = (ŷ - y) h_{T-1}^T", "wrong"),
        (LAST, "∂L/∂V = (y\u0302 - y) h_T^T", "right"),
        (MEAN, "∂L/∂W = 1/T Σ_{t=1}^{T} ∂L_t/∂W", "right"),
        (MEAN, "∂L/∂W = 1/T Σ_{t=1}^{T} ∂L_t/∂h_t ∂h_{t-1}/∂W", "wrong"),
        (MEAN, "∂L_t/∂W = Σ_{k=1}^{t} ∂L_t/∂h_t ∂h_t/∂h_k ∂^+ h_k/∂W", "right"),
        (MEAN, "∂h_t/∂W = ∂^+ h_t/∂W + ∂h_t/∂h_{t-1} ∂^+ h_{t-1}/∂W", "wrong"),
        # What is not read takes the whole line with it.
        (MEAN, "∂h_t/∂W = ∂^- h_t/∂W", None),
    ],
)
def test_signs_of_plain_text(cell: str, line: str, expected: str | None) -> None:
    found = [v for v in verdicts(fenced(line, cell=cell)) if v != "not_a_claim"]
    assert found == ([] if expected is None else [expected])


def test_accents_within_words_are_left() -> None:
    from bptt_sym.spelling.exported import as_meant

    words = "\\text{an\u0303o} + \\text{dŷm}"
    (formula,) = document_from_text(f"$$a = {words}$$", "a.md").formulas
    assert as_meant(formula).latex.endswith(words)


SHEET = """Cheat sheet

  z_t = W h_{t-1} + U x_t + b
  h_t = tanh(z_t)
  o_t = V h_t + c
  p_t = softmax(o_t)
  L = -Σ_t y_t^T log p_t

  do_t = p_t - y_t
  dV = Σ_t do_t h_t^T
  dc = Σ_t do_t
  dz_t = (1 - h_t^2) ⊙ (V^T do_t + W^T dz_{t+1})
  dW = Σ_t dz_t %s^T
  db = Σ_t %s
"""


@pytest.mark.parametrize(
    ("state", "summed", "expected"),
    [
        ("h_{t-1}", "dz_t", ["right", "right"]),
        ("h_t", "dz_t", ["wrong", "right"]),
        ("h_{t-1}", "dh_t", ["right", "wrong"]),
    ],
)
def test_gradients_of_weights_under_the_marks_of_code(
    tmp_path: Path, state: str, summed: str, expected: list[str]
) -> None:
    path = tmp_path / "sheet.txt"
    path.write_text(SHEET % (state, summed), encoding="utf-8")
    found = audit(read_document(path))
    told = [j.verdict.verdict.replace("_under_reading", "") for j in found]
    assert told == ["right"] * 4 + expected


def test_code_under_the_same_names_is_no_formula() -> None:
    code = "```\ndW = np.outer(dz, h)\ndb = sum(dz)\ndc = dc * f\nda = x\n```\n"
    assert audit(document_from_text(code, "n.md")) == []
