r"""A document's own LaTeX macros: ``\newcommand``, ``\def``, ``\let``, ``\DeclareMathOperator``.

Definitions are found in the text and expanded in formulas by plain substitution. Every character of
an expansion remembers the place it came from: an argument its own, the body that of the call.
Expansion is capped, so that a macro that calls itself ends in a message.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from bptt_sym.documents.known_macros import Macro, declared_fonts, has_known, known
from bptt_sym.errors import LimitExceeded

#: Characters of one formula after expansion.
MAX_EXPANDED = 50_000
#: Macro calls in one formula, nested ones counted.
MAX_CALLS = 5_000
#: Characters put back for reading in one formula: bounds bodies that grow before they shrink.
MAX_PUSHED = 500_000

#: The offset of what holds from before the text on.
START = -1

_OVER = r"\over"
_NAME = r"\s*(?:\{{\s*(?P<{0}braced>\\[A-Za-z]+|\\.)\s*\}}|(?P<{0}>\\[A-Za-z]+|\\.))\s*"
_DEFINITION = re.compile(
    r"\\(?:(?:re|provide)?newcommandx?|providecommandx?)\*?" + _NAME.format("new")
    + r"(?:\[(?P<arity>\d)\])?"
    r"|\\DeclareMathOperator\*?" + _NAME.format("operator")
    + r"|\\def\s*(?P<def>\\[A-Za-z]+|\\.)(?P<places>(?:#\d)*)\s*(?=\{)"
    r"|\\let\s*(?P<let>\\[A-Za-z]+)\s*=?\s*(?P<value>\\[A-Za-z]+|\\.)"
    # xparse: arguments in braces, and one in brackets before them.
    r"|\\(?:New|Renew|Provide|Declare)(?:Expandable)?DocumentCommand" + _NAME.format("xparse")
    + r"\{\s*(?P<first>o|O\s*\{(?P<instead>[^{}]*)\})?(?P<taken>(?:\s*\+?m)*)\s*\}"
    r"|\\DeclarePairedDelimiter(?P<more>X)?" + _NAME.format("paired")
    + r"(?:\[(?P<pairs>\d)\])?\s*\{(?P<left>[^{}]{0,40})\}\s*\{(?P<right>[^{}]{0,40})\}"
)  # fmt: skip


@dataclass
class Macros:
    """The macros of a document by name, each with the offsets from which its versions hold."""

    versions: dict[str, list[tuple[int, Macro]]] = field(default_factory=dict)
    #: Environments of the document's own: which one each stands for, and its number of arguments.
    named: dict[str, tuple[str, int]] = field(default_factory=dict)

    def define(self, name: str, macro: Macro, offset: int) -> None:
        """Let ``name`` be ``macro`` from ``offset`` on; a second time changes nothing."""
        versions = self.versions.setdefault(name, [])
        k = bisect_right(versions, offset, key=lambda v: v[0])
        if not k or versions[k - 1] != (offset, macro):
            versions.insert(k, (offset, macro))

    def carried(self, offset: int | None = None) -> Macros:
        """What is in force at ``offset``, or at the end, from the start of another text on."""
        found = Macros(named=dict(self.named))
        for name, versions in self.versions.items():
            macro = versions[-1][1] if offset is None else self.at(name, offset)
            if macro is not None:
                found.define(name, macro, START)
        return found

    def take(self, other: Macros, offset: int) -> None:
        """Let hold from ``offset`` on what is in force at the end of ``other``, a text put in."""
        self.named |= other.named
        for name, versions in other.versions.items():
            if (macro := versions[-1][1]) != self.at(name, offset):
                self.define(name, macro, offset)

    def at(self, name: str, offset: int) -> Macro | None:
        """The version of ``name`` in force at ``offset``, if any."""
        versions = self.versions.get(name)
        if versions is None:
            return None
        i = bisect_right(versions, offset, key=lambda v: v[0])
        return versions[i - 1][1] if i else None


@dataclass(frozen=True)
class Environments:
    r"""Names of a document's own for environments: of macros, and of environments.

    ``opens`` has ``\be`` for ``\begin{equation}``, ``closes`` ``\ee`` for its end, ``named`` the
    environment that one of another name puts around its formula, and the number of its arguments.
    """

    opens: dict[str, str] = field(default_factory=dict)
    closes: dict[str, str] = field(default_factory=dict)
    named: dict[str, tuple[str, int]] = field(default_factory=dict)

    def closing(self, environment: str) -> Iterator[str]:
        """The macros that close ``environment``."""
        return (name for name, closed in self.closes.items() if closed == environment)


NO_ENVIRONMENTS = Environments()
_BEGINS = re.compile(r"\s*\\begin\s*\{([A-Za-z]+\*?)\}\s*")
_ENDS = re.compile(r"\s*\\end\s*\{([A-Za-z]+\*?)\}\s*")
_NEW_ENVIRONMENT = re.compile(
    r"\\(?:re)?newenvironment\*?\s*\{\s*([A-Za-z]+\*?)\s*\}\s*(?:\[(\d)\])?(?:\[[^\[\]]{0,80}\])?\s*(?=\{)"
)
_BEGINNING = re.compile(r"\\begin\s*\{([A-Za-z]+\*?)\}")


def environments(macros: Macros) -> Environments:
    """The names for environments among ``macros``."""
    found = Environments(named=macros.named)
    for name, versions in macros.versions.items():
        for _, macro in versions:
            if macro.arity:
                continue
            if begins := _BEGINS.fullmatch(macro.body):
                found.opens[name] = begins.group(1)
            elif ends := _ENDS.fullmatch(macro.body):
                found.closes[name] = ends.group(1)
    return found


def definitions(text: str) -> Iterator[tuple[int, int, str, Macro]]:
    """``(start, end, name, macro)`` of every definition in ``text``, in order.

    A definition whose braces do not close is left where it stands.
    """
    groups = _brace_groups(text) if _DEFINITION.search(text) else {}
    pos = 0
    while m := _DEFINITION.search(text, pos):
        pos = m.end()
        if m["let"]:
            yield m.start(), pos, m["let"], Macro(m["value"])
            continue
        paired = m["paired"] or m["pairedbraced"]
        default = None
        if paired and not m["more"]:
            yield m.start(), pos, paired, _delimited(m, "#1", 1)
            continue
        if m["arity"] and (bracket := _DEFAULT.match(text, pos)):
            # newcommandx writes [1=t] for what newcommand writes [t].
            default, pos = bracket[1].removeprefix("1="), bracket.end()
        while pos < len(text) and text[pos].isspace():
            pos += 1
        end = groups.get(pos)
        if end is None:
            continue
        body = text[pos + 1 : end - 1]
        if paired:
            yield m.start(), end, paired, _delimited(m, body, int(m["pairs"] or 1))
        elif operator := m["operator"] or m["operatorbraced"]:
            yield m.start(), end, operator, Macro(rf"\operatorname{{{body}}}")
        elif name := m["xparse"] or m["xparsebraced"]:
            count = m["taken"].count("m") + bool(m["first"])
            default = (m["instead"] or "") if m["first"] else None
            yield m.start(), end, name, Macro(body, count, default)
        else:
            name = m["new"] or m["newbraced"] or m["def"]
            count = int(m["arity"]) if m["arity"] else len(m["places"] or "") // 2
            yield m.start(), end, name, Macro(body, count, default)
        pos = end


_DEFAULT = re.compile(r"\s*\[([^\[\]]{0,200})\]")


def _delimited(m: re.Match[str], body: str, arity: int) -> Macro:
    return Macro(rf"\left{m['left'].strip()} {body} \right{m['right'].strip()}", arity, sized=True)


def collected(text: str, macros: Macros) -> str:
    """Adds the macros that ``text`` defines; the text with their definitions blanked out."""
    text = _without_environments(text, macros)
    pieces: list[str] = []
    last = 0
    for start, end, name, macro in definitions(text):
        macros.define(name, macro, end)
        pieces += [text[last:start], _blanked(text[start:end])]
        last = end
    return "".join([*pieces, text[last:]])


def _without_environments(text: str, macros: Macros) -> str:
    """Adds the environments that ``text`` defines; the text without their definitions."""
    if _NEW_ENVIRONMENT.search(text) is None:
        return text
    groups = _brace_groups(text)
    pieces: list[str] = []
    last = 0
    for m in _NEW_ENVIRONMENT.finditer(text):
        middle = groups.get(m.end())
        if middle is None or m.start() < last:
            continue
        if (begins := _BEGINNING.search(text, m.end(), middle)) is not None:
            macros.named[m.group(1)] = (begins.group(1), int(m.group(2) or 0))
        after = re.compile(r"\s*").match(text, middle)
        end = groups.get(after.end() if after else middle, middle)
        pieces += [text[last : m.start()], _blanked(text[m.start() : end])]
        last = end
    return "".join([*pieces, text[last:]])


def _blanked(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def _brace_groups(text: str) -> dict[int, int]:
    """The offset after each group, by the offset of its opening brace. One pass."""
    ends: dict[int, int] = {}
    opened: list[int] = []
    for match in re.finditer(r"\\.|[{}]", text, re.DOTALL):
        if match.group() == "{":
            opened.append(match.start())
        elif match.group() == "}" and opened:
            ends[opened.pop()] = match.end()
    return ends


Located = tuple[str, int]


def expand(chars: Iterable[Located], macros: Macros) -> list[Located]:
    """``chars`` (character, offset) with every macro call replaced.

    Raises
    ------
    LimitExceeded
        More than the documented number of calls or characters.
    """
    given = list(chars)
    text = "".join(c for c, _ in given)
    if not macros.versions and not has_known(text):
        return _of_plain_tex(given)
    todo = given[::-1]
    out: list[Located] = []
    calls, pushed = 0, 0
    while todo:
        char, offset = todo.pop()
        if char != "\\":
            out.append((char, offset))
        else:
            name = [(char, offset), *_rest_of_command(todo)]
            command = "".join(c for c, _ in name)
            macro = macros.at(command, offset)
            if macro is None and command not in macros.versions:
                macro = known(command, todo[-1][0] if todo else "")
            if macro is None:
                out.extend(name)
            else:
                body = _call(macro, todo, offset)
                calls, pushed = calls + 1, pushed + len(body)
                if calls > MAX_CALLS or pushed > MAX_PUSHED:
                    raise LimitExceeded(
                        "the macros of this formula expand without end",
                        token=command,
                        hint=f"at most {MAX_CALLS} macro calls in a formula",
                    )
                todo.extend(reversed(body))
        if len(out) > MAX_EXPANDED:
            raise LimitExceeded(f"a formula of more than {MAX_EXPANDED} characters")
    return _of_plain_tex(out)


def _of_plain_tex(chars: list[Located]) -> list[Located]:
    """``chars`` with the fractions and fonts of plain TeX as commands with arguments."""
    text = "".join(c for c, _ in chars)
    if _OVER in text:
        chars = _with_fractions(chars)
        text = "".join(c for c, _ in chars)
    out: list[Located] = []
    last = 0
    for start, end, new in declared_fonts(text):
        out += [*chars[last:start], *((c, chars[start][1]) for c in new)]
        last = end
    return [*out, *chars[last:]]


def _with_fractions(chars: list[Located]) -> list[Located]:
    r"""``{a \over b}``, the fraction of plain TeX, as ``\frac{a}{b}``."""
    text = "".join(c for c, _ in chars)
    at = [m.start() for m in re.finditer(r"(?<!\\)\\over(?![A-Za-z])", text)]
    groups = _brace_groups(text) if at else {}
    new = {}
    for k in at:
        # The innermost group around it.
        start = max((a for a, b in groups.items() if a < k < b), default=None)
        if start is not None and start not in new:
            new[start], new[k] = r"\frac{", "}{"
    if not new:
        return chars
    out: list[Located] = []
    i = 0
    while i < len(chars):
        if i in new:
            out += [(c, chars[i][1]) for c in new[i]]
            i += 1 if new[i] != "}{" else len(_OVER)
        else:
            out.append(chars[i])
            i += 1
    return out


def _rest_of_command(todo: list[Located]) -> list[Located]:
    """The characters after a backslash that belong to the command's name, taken off ``todo``."""
    if not todo:
        return []
    name = [todo.pop()]
    if name[0][0].isascii() and name[0][0].isalpha():
        while todo and todo[-1][0].isascii() and todo[-1][0].isalpha():
            name.append(todo.pop())
    return name


def _call(macro: Macro, todo: list[Located], offset: int) -> list[Located]:
    """The body with its arguments, which are taken off ``todo``."""
    args: list[list[Located]] = []
    if macro.sized:
        if todo and todo[-1][0] == "*":
            todo.pop()
        _optional(todo)
    if macro.default is not None:
        args.append(_optional(todo) or [(c, offset) for c in macro.default])
    while len(args) < macro.arity:
        args.append(_argument(todo))
    if not args:
        body = [(c, offset) for c in macro.body]
        # TeX ends the name with the space after it; a letter that follows must not join the body.
        # Braces instead would take the place of an argument: ``\\b{x}`` for ``\\mathbf{x}``.
        joins = bool(todo) and todo[-1][0].isalpha() and _ends_in_command(macro.body)
        return [*body, (" ", offset)] if joins else body
    out: list[Located] = []
    pieces = re.split(r"#(\d)", macro.body)
    for i, piece in enumerate(pieces):
        if i % 2 == 0:
            out.extend((c, offset) for c in piece)
        elif int(piece) <= len(args):
            out.extend(args[int(piece) - 1])
    return out


def _ends_in_command(body: str) -> bool:
    return re.search(r"(?<!\\)(?:\\\\)*\\[A-Za-z]+\Z", body) is not None


def _skip_space(todo: list[Located]) -> None:
    while todo and todo[-1][0].isspace():
        todo.pop()


def _argument(todo: list[Located]) -> list[Located]:
    """One brace group without its braces, one command, or one character."""
    _skip_space(todo)
    if not todo:
        return []
    first = todo.pop()
    if first[0] == "\\":
        return [first, *_rest_of_command(todo)]
    return [first] if first[0] != "{" else _until(todo, "{", "}")


def _optional(todo: list[Located]) -> list[Located] | None:
    """A bracket group, if one follows."""
    if not todo or todo[-1][0] != "[":
        return None
    todo.pop()
    return _until(todo, "[", "]")


def _until(todo: list[Located], opening: str, closing: str) -> list[Located]:
    """Everything up to the closing sign that matches, which is taken off as well."""
    out: list[Located] = []
    depth = 1
    while todo:
        item = todo.pop()
        if item[0] == "\\" and todo:
            out += [item, todo.pop()]
            continue
        depth += (item[0] == opening) - (item[0] == closing)
        if not depth:
            break
        out.append(item)
    return out
