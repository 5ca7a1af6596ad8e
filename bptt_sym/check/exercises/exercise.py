"""An exercise is a TOML file; ``docs/homework.md`` describes every key."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from bptt_sym.check.answer import Court
from bptt_sym.check.exercises.forms import REQUIREMENTS, Requirement, requirement
from bptt_sym.check.exercises.toml_lines import with_lines
from bptt_sym.check.model import Model
from bptt_sym.check.setting import Setting, option
from bptt_sym.diagnose.diagnosis import CODES
from bptt_sym.errors import InputError
from bptt_sym.files import toml_of
from bptt_sym.messages import LANGUAGES
from bptt_sym.notation import D, Node, Rel, Sym, walk
from bptt_sym.read import read_expression

LIBRARY: Final = Path(__file__).parent / "library"
#: Bytes of one exercise file.
MAX_BYTES: Final = 256 * 1024
RELATIONS: Final[Mapping[str, Rel]] = {
    "=": "=", "<=": "<=", "<": "<", ">=": ">=", ">": ">", "≤": "<=", "≥": ">=",
}  # fmt: skip
_MODEL = frozenset("cell define shape scalar options assume".split())
_PART = frozenset(
    "id ask target relation accept form form_credit within best points steps credit hints "
    "solution strict".split()
)


@dataclass(frozen=True)
class Text:
    """A text of the exercise in several languages; English, or the only one, stands in."""

    by_language: Mapping[str, str]

    def in_(self, language: str) -> str:
        found = self.by_language
        return found.get(language) or found.get("en") or next(iter(found.values()), "")


NO_TEXT = Text(MappingProxyType({}))


@dataclass(frozen=True)
class Part:
    """One thing that is asked for: what ``target`` equals, or a bound of it.

    Parameters
    ----------
    target:
        The left side, read under the exercise's model.
    relation:
        Between the target and the answer.
    accept:
        Right sides that are accepted where the target itself does not decide.
    form:
        What the answer must look like besides being right.
    form_credit:
        The share of the points for a right answer that has another form.
    within:
        For a bound: the weakest one that is accepted.
    best:
        For a bound: the best constant, by its author's word; what lies beyond it is wrong, even
        where no counterexample is found.
    points:
        For the whole part.
    steps:
        The share of the points that the steps of a solution earn; the answer earns the rest.
    credit:
        The share of the answer's points by diagnosis code, for a wrong answer.
    hints:
        By diagnosis code, ``form``, or ``default``.
    strict:
        Whether an answer that is right only under a reading is refused.
    """

    id: str
    target: Node
    latex: str
    relation: Rel
    points: float
    ask: Text = NO_TEXT
    accept: tuple[Node, ...] = ()
    form: tuple[Requirement, ...] = ()
    form_credit: float = 0.5
    within: Node | None = None
    best: Node | None = None
    steps: float = 0.0
    credit: Mapping[str, float] = field(default_factory=dict)
    hints: Mapping[str, Text] = field(default_factory=dict)
    solution: Text = NO_TEXT
    strict: bool = False

    @property
    def is_bound(self) -> bool:
        return self.relation != "="


@dataclass(frozen=True)
class Exercise:
    """A model, what is named in it, and the parts in order."""

    id: str
    title: Text
    statement: Text
    setting: Setting
    names: Mapping[str, str]
    parts: tuple[Part, ...]

    @property
    def points(self) -> float:
        return sum(part.points for part in self.parts)

    @cached_property
    def court(self) -> Court:
        return court_of(self.setting)

    @property
    def parameter(self) -> str:
        """The parameter by which the parts differentiate, "" if there is none or several."""
        nodes = (n for part in self.parts for n in walk(part.target))
        found = {n.x.name for n in nodes if isinstance(n, D) and isinstance(n.x, Sym)}
        return found.pop() if len(found) == 1 else ""

    def naming(self) -> Model:
        """The model with the exercise's own names; a solution may add to it."""
        return naming(self.court, self.names)


def catalogue() -> tuple[str, ...]:
    """The names of the shipped exercises."""
    return tuple(sorted(p.stem for p in LIBRARY.glob("*.toml")))


def exercise(name: str | Path, *, beside: Path | None = None) -> Exercise:
    """A shipped exercise by name, or the one in a file that ends in ``.toml``.

    ``beside`` is the folder that a relative path starts from.

    Raises
    ------
    InputError
        There is no such exercise, or its file is not one; the message says where it fails.
    """
    text = str(name)
    if not text.endswith(".toml"):
        if text not in catalogue():
            raise InputError(
                f"no exercise {text!r}", token=text,
                hint="there are " + ", ".join(catalogue()) + "; a file of your own ends in .toml",
            )  # fmt: skip
        path = LIBRARY / f"{text}.toml"
    else:
        path = (beside or Path()) / text
    with with_lines(path):
        return from_toml(toml_of(path, MAX_BYTES), path.stem, str(path))


def from_toml(table: Mapping[str, Any], id: str, where: str = "the exercise") -> Exercise:
    """The exercise that a table describes.

    Raises
    ------
    InputError
        A key is unknown, missing or of the wrong kind, or its mathematics cannot be read.
    """
    reader = _Reader(where)
    reader.known(table, {"title", "statement", "model", "names", "part"})
    model = reader.table(table, "model")
    reader.known(model, _MODEL, "model")
    setting = Setting(
        cell=reader.text(model, "cell", ""),
        define=reader.texts(model, "define"),
        shape=reader.texts(model, "shape"),
        scalar=bool(model.get("scalar", False)),
        options=reader.texts(model, "options"),
        assume=reader.texts(model, "assume"),
    )
    names = {k: str(v) for k, v in reader.table(table, "names").items()}
    court = court_of(setting)
    named = naming(court, names)
    parts = table.get("part")
    if not isinstance(parts, list) or not parts:
        raise InputError(f"{where}: no [[part]]", hint="an exercise asks for something")
    return Exercise(
        id=id,
        title=reader.words(table, "title") or Text({"en": id}),
        statement=reader.words(table, "statement") or NO_TEXT,
        setting=setting,
        names=names,
        parts=tuple(reader.part(p, n, named) for n, p in enumerate(parts, 1)),
    )


def court_of(setting: Setting) -> Court:
    """The court of a setting, with its hypotheses."""
    from bptt_sym.check import claims

    return claims.court_of(setting)


def naming(court: Court, names: Mapping[str, str]) -> Model:
    r"""``names`` put beside the model: ``"A_t"`` stands for its LaTeX."""
    from bptt_sym.check.solution.naming import name_it

    model = Model(court, court.model.name)
    for name, latex in names.items():
        text = f"{name} = {latex}"
        with option("names", text):
            if name_it(text, model) is None:
                raise InputError(f"{name} has a meaning already", token=name)
    return model


class _Reader:
    """Values of a table, with messages that say where they stand."""

    def __init__(self, where: str) -> None:
        self.where = where

    def known(self, table: Mapping[str, Any], keys: Any, inside: str = "") -> None:
        for key in table:
            if key not in keys:
                place = f"{self.where}: {inside}" if inside else self.where
                raise InputError(
                    f"{place} has no key {key!r}", token=key,
                    hint="there are " + ", ".join(sorted(keys)),
                )  # fmt: skip

    def table(self, table: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        value = table.get(key, {})
        if not isinstance(value, dict):
            raise InputError(f"{self.where}: {key} is not a table", token=key)
        return value

    def text(self, table: Mapping[str, Any], key: str, default: str | None = None) -> str:
        value = table.get(key, default)
        if not isinstance(value, str):
            raise InputError(f"{self.where}: {key} is not a text", token=key)
        return value

    def texts(self, table: Mapping[str, Any], key: str) -> tuple[str, ...]:
        value = table.get(key, [])
        value = [value] if isinstance(value, str) else value
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            raise InputError(f"{self.where}: {key} is not a list of texts", token=key)
        return tuple(value)

    def number(self, table: Mapping[str, Any], key: str, default: float, top: float) -> float:
        value = table.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= top:
            raise InputError(f"{self.where}: {key} is not a number from 0 to {top:g}", token=key)
        return float(value)

    def words(self, table: Mapping[str, Any], key: str) -> Text | None:
        if key not in table:
            return None
        return self.text_of(table[key], key)

    def text_of(self, value: Any, key: str) -> Text:
        value = {"en": value} if isinstance(value, str) else value
        if not isinstance(value, dict) or not all(isinstance(v, str) for v in value.values()):
            raise InputError(f"{self.where}: {key} is not a text or a table of texts", token=key)
        for language in value:
            if language not in LANGUAGES:
                raise InputError(
                    f"{self.where}: {key}.{language}: no such language", token=language,
                    hint="one of " + ", ".join(LANGUAGES),
                )  # fmt: skip
        return Text(MappingProxyType(dict(value)))

    def part(self, table: Any, number: int, names: Model) -> Part:
        """One part; what is wrong in it names it by its number."""
        inside = f"part {number}"
        if not isinstance(table, dict):
            raise InputError(f"{self.where}: {inside} is not a table")
        self.known(table, _PART, inside)
        return _Reader(f"{self.where}: {inside}")._part(table, number, names)

    def _part(self, table: Mapping[str, Any], number: int, names: Model) -> Part:
        relation = RELATIONS.get(self.text(table, "relation", "="))
        if relation is None:
            raise InputError(
                f"{self.where}: relation is none", hint="one of " + ", ".join(RELATIONS)
            )
        latex = self.text(table, "target")
        target = self._expression(latex, "target", names)
        hints = self.table(table, "hints")
        credit = self.table(table, "credit")
        self.codes(hints, {*CODES, "default", "form"}, "hints")
        self.codes(credit, CODES, "credit")
        return Part(
            id=self.text(table, "id", str(number)),
            target=target,
            latex=latex,
            relation=relation,
            points=self.number(table, "points", 1, 1e6),
            ask=self.words(table, "ask") or NO_TEXT,
            accept=tuple(
                self._expression(a, "accept", names) for a in self.texts(table, "accept")
            ),
            form=tuple(self._forms(self.texts(table, "form"))),
            form_credit=self.number(table, "form_credit", 0.5, 1),
            within=self._optional(table, "within", names),
            best=self._optional(table, "best", names),
            steps=self.number(table, "steps", 0, 1),
            credit={k: self.number(credit, k, 0, 1) for k in credit},
            hints={k: self.text_of(v, f"hints.{k}") for k, v in hints.items()},
            solution=self.words(table, "solution") or NO_TEXT,
            strict=bool(table.get("strict", False)),
        )

    def codes(self, table: Mapping[str, Any], known: Collection[str], inside: str) -> None:
        """Refuse a diagnosis that does not exist: what hangs on it would never be used."""
        for key in table:
            if key not in known:
                raise InputError(
                    f"{self.where}: {inside}: no diagnosis {key!r}", token=key,
                    hint="BP001 to BP027" + (", default or form" if "form" in known else ""),
                )  # fmt: skip

    def _optional(self, table: Mapping[str, Any], key: str, names: Model) -> Node | None:
        if key not in table:
            return None
        return self._expression(table[key], key, names)

    def _expression(self, latex: Any, key: str, names: Model) -> Node:
        if not isinstance(latex, str):
            raise InputError(f"{self.where}: {key} is not a text")
        with option(f"{self.where}: {key}", latex):
            node = read_expression(latex, names.court.model, vocabulary=names.vocabulary)
            return names.spelt_out(node)

    def _forms(self, texts: tuple[str, ...]) -> Iterator[Requirement]:
        for text in texts:
            found = requirement(text)
            if found is None:
                raise InputError(
                    f"{self.where}: no form {text!r}", token=text,
                    hint="there are " + ", ".join(REQUIREMENTS) + ", and 'only: NAMES'",
                )  # fmt: skip
            yield found


__all__ = ["Exercise", "Part", "Text", "catalogue", "exercise", "from_toml"]
