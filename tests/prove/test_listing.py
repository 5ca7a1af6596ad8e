"""The table of theorems, and files that are replayed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bptt_sym import prove
from bptt_sym.prove import listing
from bptt_sym.prove.replaying import replay_file


def certificate(tmp_path: Path, **changes: object) -> str:
    data = json.loads(prove.library_path().joinpath("certificates", "ex3.json").read_text("utf-8"))
    data["about"] |= changes.pop("about", {})  # type: ignore[operator]
    file = tmp_path / "c.json"
    file.write_text(json.dumps(data | changes), encoding="utf-8")
    return str(file)


def test_a_file_that_proves_its_headline_is_accepted(tmp_path: Path) -> None:
    found = replay_file(certificate(tmp_path))
    assert not found.failure
    assert found.trusted == prove.load("ex3").trusted_facts


def test_a_true_derivation_under_another_headline_is_rejected(tmp_path: Path) -> None:
    other = json.loads(prove.library_path().joinpath("certificates", "ex1.json").read_text("utf-8"))
    found = replay_file(certificate(tmp_path, about=other["about"]))
    assert found.readable
    assert "displayed statement" in found.failure


@pytest.mark.parametrize("changes", [{"version": 99}, {"format": "x"}, {"steps": []}])
def test_what_is_no_certificate_is_told_apart_from_a_wrong_one(tmp_path, changes) -> None:
    found = replay_file(certificate(tmp_path, **changes))
    assert found.failure
    assert not found.readable


def test_a_theorem_without_a_headline_can_be_replayed(tmp_path: Path) -> None:
    from bptt_sym.cells import cell

    done = prove.bound(cell("elman"), r"|1 - h_t^2| \le 1")
    file = tmp_path / "own.json"
    file.write_text(done.certificate(), encoding="utf-8")
    assert not replay_file(str(file)).failure


def test_the_table_has_every_column(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setattr(listing, "default_cache", lambda: tmp_path)
    before = listing.table(["ex1", "ex3"])
    assert "✓" not in before.split("Rocq: ✓")[0]
    listing.remember({"ex1": True, "ex3": False})
    shown = listing.table(["ex1", "ex3"]).split("Rocq: ✓")[0]
    assert "✓" in shown and "✗" in shown
    for word in ("exercise 3", "exp_ge", "best"):
        assert word in shown


def test_a_changed_certificate_is_not_taken_for_the_one_coqc_saw(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(listing, "default_cache", lambda: tmp_path)
    listing.remember({"ex1": True})
    monkeypatch.setattr(listing, "_digest", lambda name: "another")
    assert "✓" not in listing.table(["ex1"]).split("Rocq: ✓")[0]
