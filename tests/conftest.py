"""Hypothesis profiles: ``HYPOTHESIS_PROFILE=nightly`` runs the same properties much longer."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# There is a process of tests on every core: their linear algebra needs no threads of its own, which
# would wait for each other. (Set before NumPy is imported; the processes of tests inherit it.)
for _library in ("OMP", "OPENBLAS", "MKL"):
    os.environ.setdefault(f"{_library}_NUM_THREADS", "1")

# Tests share oracles as ``tests.….…``. At the end of the path, so that an installed package is the
# one that is tested.
sys.path.append(str(Path(__file__).parent.parent))

# No deadline: the first example of a test pays for lazy imports, and the machine is shared.
settings.register_profile(
    "default", max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "nightly",
    parent=settings.get_profile("default"),
    max_examples=5_000,
    print_blob=True,
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What coqc has not compiled yet takes a minute: it comes first; nobody waits for it then."""
    items.sort(key=lambda item: "coq" not in item.keywords)


def pytest_configure() -> None:
    """Nothing of what is imported and collected goes again: it is not searched for garbage."""
    gc.disable()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Nor is it later; to walk it anew takes a tenth of the time."""
    gc.freeze()
    gc.set_threshold(500_000, *gc.get_threshold()[1:])
    gc.enable()


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """The whole suite on all cores; a part that is named, without the start of other processes."""
    asked = any(a.startswith(("-n", "--numprocesses")) for a in config.invocation_params.args)
    named = config.args_source is pytest.Config.ArgsSource.ARGS
    return 0 if named and not asked else None
