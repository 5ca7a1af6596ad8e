"""What all tests of wrong gradients share."""

from __future__ import annotations

import pytest

from bptt_sym.testing import one_change


@pytest.fixture(autouse=True)
def a_short_search(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Many tests are of gradients that no change of one line makes right: the search ends soon."""
    if request.path.name != "test_one_change.py":
        monkeypatch.setattr(one_change, "SECONDS", 1.0)
