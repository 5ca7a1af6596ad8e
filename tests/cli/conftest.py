"""What every test of the command line calls it by."""

from __future__ import annotations

import pytest

from bptt_sym.cli import main
from tests.cli.called import Result


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]):  # type: ignore[no-untyped-def]
    def call(*argv: str) -> Result:
        status = main(argv)
        printed = capsys.readouterr()
        return Result(status, printed.out, printed.err)

    return call
