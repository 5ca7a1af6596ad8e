"""The Pig Latin study in small: the rule, the data, learning, gradients, saved weights."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bptt_sym import weights
from bptt_sym.errors import InputError
from bptt_sym.train import Settings, train
from tests.architectures.studies import load

words, translator = load("pig_latin", "words"), load("pig_latin", "translator")
translate, study = load("pig_latin", "translate"), load("pig_latin", "pig_latin")


def test_the_rule() -> None:
    sentence = "the air conditioning is working".split()
    right = "ethay airway onditioningcay isway orkingway"
    assert " ".join(map(words.pig_latin, sentence)) == right
    assert words.pig_latin("twenty-one") == "entytway-oneway"
    assert words.pig_latin("hymn") == "hymnay"


def test_no_word_is_in_two_parts() -> None:
    parts = words.split(words.read())
    assert sum(map(len, parts)) == len(set().union(*parts)) == 14024
    assert not set().union(*parts) & {"the", "air", "conditioning", "is", "working"}


@given(st.text("abc-", max_size=6), st.text("abc-", max_size=6))
def test_edit_distance_is_a_metric_bounded_by_length(a: str, b: str) -> None:
    d = words.edits(a, b)
    assert d == words.edits(b, a) and (d == 0) == (a == b)
    assert abs(len(a) - len(b)) <= d <= max(len(a), len(b))


SMALL = {"states": 12, "letters": 6, "batch": 16}
SOME = words.split(words.read())[0][:400]


@pytest.mark.parametrize("model", translator.MODELS)
def test_it_learns_with_the_gradients_of_torch(model: str) -> None:
    with_torch = importlib.util.find_spec("torch") is not None
    task = translator.Translator(model, (SOME, SOME[:20]), **SMALL)
    run = train(task, task.initial(0), Settings(epochs=3, rate=1e-2, check_every=20))
    assert run.losses[-1] < 0.8 * run.losses[0]
    assert run.worst < 1e-11 and (run.checked >= 5 or not with_torch)


def test_attention_weights_are_shares_of_the_word() -> None:
    task = translator.Translator("attention", **SMALL)
    texts, maps = task.translate(task.initial(1), ["abc", "xyz"])
    assert len(texts) == 2 and maps.shape[1:] == (2, 3)
    assert np.allclose(maps.sum(-1), 1)


def test_saved_weights_translate_the_same(tmp_path: Path, capsys) -> None:  # type: ignore[no-untyped-def]
    task = translator.Translator("plain", **SMALL)
    params = {k: v.astype(np.float32).astype(float) for k, v in task.initial(2).items()}
    task.save(tmp_path / "w.npz", params)
    assert translate.main(["Ab cd", "--weights", str(tmp_path / "w.npz"), "--rule"]) == 0
    said, rule = capsys.readouterr().out.splitlines()
    assert said == study.translate_text(task, params, "ab cd") and rule == "abway cday"


def test_bad_input_is_named(tmp_path: Path, capsys) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError, match=r"character 4, 'é'"):
        words.checked("café")
    (tmp_path / "w.txt").write_text("good\nba2d\n")
    with pytest.raises(InputError, match=r"line 2: 'ba2d': character 3"):
        words.read(tmp_path / "w.txt")
    assert translate.main(["naïve"]) == 2 and "'ï'" in capsys.readouterr().err
    task = translator.Translator("plain", **SMALL)
    params = task.initial(0)
    params["encoder.U_r"] = params["encoder.U_r"][:, 1:]
    task.save(tmp_path / "w.npz", params)
    with pytest.raises(InputError, match=r"encoder\.U_r"):
        translator.load(tmp_path / "w.npz")
    weights.save(tmp_path / "other.npz", {}, {"model": "forecast"})
    with pytest.raises(InputError, match="no Pig Latin"):
        translator.load(tmp_path / "other.npz")


def test_scores_by_length_add_up() -> None:
    task = translator.Translator("plain", **SMALL)
    report = task.report(task.initial(0), ["ab", "cd", "efg"])
    assert report["words"] == 3 and set(report["by length"]) == {2, 3}
    assert "| all | 3 |" in study.table({"plain": report})


def test_the_shipped_weights_translate_the_sentence(capsys) -> None:  # type: ignore[no-untyped-def]
    assert translate.main([study.SENTENCE]) == 0
    assert capsys.readouterr().out.strip() == "ethay airway onditioningcay isway orkingway"
    made, params = translator.load(Path(translator.__file__).with_name("attention.npz"))
    test = words.split(words.read())[2]
    assert made.report(params, test[::4])["exact"] > 0.95
