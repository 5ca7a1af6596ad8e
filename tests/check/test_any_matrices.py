"""Norms, and sizes of eigenvalues, of matrices that nothing defines."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.check.audited import judged, last

NET = "$$s_t = \\tanh(R s_{t-1} + P u_t)$$\n\n"

TRUE = [
    r"\|AB\| \le \|A\| \|B\|",
    r"\lVert AB \rVert_2 \leq \lVert A \rVert_2 \, \lVert B \rVert_2",
    r"\left\|A B C\right\| \le \left\|A\right\| \cdot \|B\| \cdot \left\|C\right\|",
    r"||A + B|| \le ||A|| + ||B||",
    r"\|AB\|_p \le \|A\|_p \|B\|_p",
    r"\|AB\|_F \le \|A\|_F \|B\|_F",
    r"\|AB\|_F \le \|A\|_2 \|B\|_F",
    r"\|AB\|_2 \le \|A\|_F \|B\|_F",
    r"\|AB\|_\infty \le \|A\|_\infty \|B\|_\infty",
    r"\|A^\top B\|_2 \le \|A\|_2 \|B\|_2",
    r"\|A - B\| \le \|A\| + \|B\|",
    r"\|AB - BA\| \le 2 \|A\| \|B\|",
    r"\|A^k\|_F \le \|A\|_F^k",
    r"\|A \odot B\|_2 \le \|A\|_2 \|B\|_2",
    r"\|A\|_2 \le \|A\|_F",
    r"\rho(A) \le \|A\|",
]
FALSE = [
    r"\|AB\|_F \le \|A\|_2 \|B\|_2",
    r"\|ABC\|_F \le \|A\|_2 \|B\|_2 \|C\|_2",
    r"\|AB\|_1 \le \|A\|_2 \|B\|_2",
    r"\|AB\|_1 \le \|A\|_\infty \|B\|_1",
    r"\|AB\|_2 \le \|A\|_\infty \|B\|_\infty",
    r"\|A^\top B\|_1 \le \|A\|_1 \|B\|_1",
    r"\|A + B\|_F \le \|A\|_2 + \|B\|_2",
    r"\|A + B\| \le \|A\| \|B\|",
    r"\|AB\| \le \|A\| + \|B\|",
    r"\|AB\| \ge \|A\| \|B\|",
    r"\|AB\| = \|A\| \|B\|",
    r"\|AB\| \le \|BA\|",
    r"\|A^k\|_F \le \|A\|_2^k",
    r"\|A^2\| \le \|A\|",
    r"\|A\|_F \le \|A\|_2",
    r"\|A\|_2 \le \|A\|_1",
    r"\|A \odot B\|_F \le \|A\|_2 \|B\|_2",
    r"\rho(AB) \le \rho(A) \rho(B)",
    r"\rho(A + B) \le \rho(A) + \rho(B)",
    r"\|A\| \le \rho(A)",
]
#: Conditions, statements of other things, and what holds of some matrices only.
OPEN = [
    r"\|AB\| \le \|A\| \|C\|",
    r"\|A\| \le \|B\|",
    r"\|X + Y\|^2 = \|X\|^2 + \|Y\|^2",
    r"\|AB\|_{\max} \le \|A\|_{\max} \|B\|_{\max}",
    r"\|A - I\| \le \|A\|",
]


def of_each(claims: list[str], before: str = "") -> list[str]:
    text = NET + "\n\n".join(f"{before}\n\n$${c}$$" for c in claims)
    found = [j.verdict for j in judged(text) if j.latex.strip() in claims]
    assert len(found) == len(claims)
    return ["right" if v.is_right else v.verdict for v in found]


def test_what_holds_of_any_matrices_is_right() -> None:
    assert of_each(TRUE) == ["right"] * len(TRUE)


def test_what_fails_for_some_matrices_is_wrong() -> None:
    assert of_each(FALSE) == ["wrong"] * len(FALSE)


def test_what_is_said_of_special_matrices_accuses_nobody() -> None:
    special = "For orthogonal matrices $A$, $B$, $C$:"
    assert "wrong" not in of_each(FALSE, special)
    assert set(of_each(OPEN)) == {"undecided"}


def test_letters_that_the_text_gives_are_not_any() -> None:
    text = f"{NET}Let $A = B = R^2 / 2$.\n\n$$\\|A + B\\| \\le \\|A\\| \\|B\\|$$"
    assert last(text) != "wrong"


def test_the_counterexample_can_be_checked_by_hand() -> None:
    found = judged(rf"{NET}$${FALSE[0]}$$")[-1].verdict
    assert found.counterexample is not None
    assert dict(found.counterexample.values) == dict.fromkeys("AB", "[[1, 0], [0, 1]]")
    assert found.counterexample.left.startswith("[1.41421")


_NORMS = {"2": 2, "F": "fro", "1": 1, "\\infty": np.inf}


@settings(max_examples=12)
@given(
    st.tuples(*(st.sampled_from(sorted(_NORMS)) for _ in range(3))),
    st.lists(st.integers(-3, 3), min_size=8, max_size=8),
)
def test_a_product_bound_that_is_called_right_holds(
    kinds: tuple[str, str, str], entries: list[int]
) -> None:
    a, b, c = kinds
    verdict = last(rf"{NET}$$\|AB\|_{a} \le \|A\|_{b} \|B\|_{c}$$")
    x, y = np.array(entries, dtype=float).reshape(2, 2, 2)
    ones, unit, column = np.ones((2, 2)), np.eye(2), np.array([[1.0, 0], [1, 0]])
    pairs = [(x, y), (ones, ones), (unit, unit), (column, ones), (ones, column), (unit, column)]
    size = [_NORMS[k] for k in kinds]
    holds = all(
        np.linalg.norm(p @ q, size[0])
        <= np.linalg.norm(p, size[1]) * np.linalg.norm(q, size[2]) + 1e-9
        for p, q in pairs
    )
    assert holds or verdict != "right"
    assert verdict in ("right", "wrong", "undecided")
