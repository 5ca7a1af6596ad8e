"""Norms, eigenvalues and singular values of a weight."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bptt_sym.check.claims import check
from bptt_sym.check.setting import Setting
from bptt_sym.check.spectral import _MATRICES
from bptt_sym.documents.document import formula_from_text

SETTING = Setting(define=(r"h_t = \tanh(W h_{t-1} + U x_t)",))


def verdict(text: str):
    (found,) = check([formula_from_text(text, "claim")], SETTING)
    return found.verdict


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"\|W\|_2 = \sqrt{\lambda_{max}}", "right_under_reading"),
        (r"\|W\|_2 = \sqrt{\lambda_{\max}(W^\top W)}", "right"),
        (r"\|W\|_2 = \sqrt{\lambda_{max}(W)}", "wrong"),
        (r"\|W\| = \lambda_{max}", "wrong"),
        (r"\|W\|_2 = \sigma_{max}(W)", "right"),
        (r"\|W\|_2^2 = \lambda_{max}(W W^\top)", "right"),
        (r"\rho(W) \le \|W\|_2", "right"),
        (r"\|W\|_2 \ge \rho(W)", "right"),
        (r"\rho(W) \le \|W\|_F", "right"),
        (r"\rho(W)^2 \le \|W\|_\infty^2", "right"),
        (r"\rho(W) \le \|W\|_1^2", "undecided"),
        (r"\|W\|_F \le \rho(W)", "undecided"),
        (r"\|W\|_2 \le \rho(W)", "wrong"),
        (r"\|W\|_2 \le \lambda_{max}(W^\top W)", "wrong"),
        (r"\|U\|_2 = \lambda_{max}(U)", "undecided"),  # U is not square
        (r"\lambda_{max} \le 3", "undecided"),
        (r"\lambda_{max} = h_t", "undecided"),
    ],
)
def test_sizes_of_one_matrix(text: str, expected: str) -> None:
    assert verdict(text).verdict == expected


def test_a_chain_with_a_bound_before_the_size() -> None:
    jacobian = r"\left\|\frac{\partial h_t}{\partial h_{t-1}}\right\|"
    found = verdict(jacobian + r" \le \|W\| = \lambda_{max}")
    assert [v.verdict for v in found.links] == ["right", "wrong"]
    assert found.links[1].diagnosis.code == "BP022"


def test_the_sizes_of_the_counterexamples_are_those_of_numpy() -> None:
    for entries in _MATRICES:
        matrix = np.array(entries, dtype=float).reshape(2, 2)
        assert matrix[1, 0] == 0  # triangular: the eigenvalues stand on the diagonal
        norm = np.linalg.norm(matrix, 2)
        total, det = float((matrix**2).sum()), np.linalg.det(matrix)
        assert np.isclose(norm**2, (total + np.sqrt(total**2 - 4 * det**2)) / 2)


@given(st.lists(st.integers(-9, 9), min_size=4, max_size=4), st.sampled_from([1, 2, 3]))
def test_what_is_called_right_holds_for_every_matrix(entries: list[int], power: int) -> None:
    matrix = np.array(entries, dtype=float).reshape(2, 2)
    norm = np.linalg.norm(matrix, 2)
    radius = np.abs(np.linalg.eigvals(matrix)).max()
    gram = np.abs(np.linalg.eigvals(matrix.T @ matrix)).max()
    assert verdict(rf"\rho(W)^{power} \le \|W\|_2^{power}").is_right
    assert radius**power <= norm**power * (1 + 1e-9)
    assert verdict(r"\lambda_{max}(W^\top W) = \|W\|_2^2").is_right
    assert np.isclose(gram, norm**2)
