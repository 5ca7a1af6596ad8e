"""The public names: each is there, whatever was imported before it."""

from __future__ import annotations

import subprocess
import sys

import pytest

import bptt_sym


@pytest.mark.parametrize("name", bptt_sym.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(bptt_sym, name).__name__ == name


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nothing_like_it"):
        bptt_sym.nothing_like_it  # noqa: B018


@pytest.mark.parametrize("before", ["bptt_sym.derive", "bptt_sym.forms", "bptt_sym.cells"])
def test_a_function_is_not_hidden_by_the_module_of_its_name(before: str) -> None:
    program = f"import {before}; from bptt_sym import derive; assert callable(derive)"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        env={"PYTHONPATH": ":".join(sys.path)},
        check=False,
    )
    assert done.returncode == 0


def test_importing_the_package_loads_nothing_heavy() -> None:
    program = (
        "import sys, bptt_sym, bptt_sym.cli; "
        "assert not {'sympy', 'numpy', 'flint', 'rich'} & set(sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env={"PYTHONPATH": ":".join(sys.path)}, check=False
    )
    assert done.returncode == 0
