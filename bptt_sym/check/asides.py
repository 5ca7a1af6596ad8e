r"""What stands beside an equation and tells of which case it speaks: :math:`\quad (t = T)`.

Such remarks are not part of what is read. A formula that fails may hold in the case that one of
them names, so that it accuses nobody.
"""

from __future__ import annotations

import re
from dataclasses import replace

from bptt_sym.check.called_wrong import QUOTED, called_wrong
from bptt_sym.check.gate_values import at_its_values
from bptt_sym.check.judged import Judged
from bptt_sym.check.slips import PLAIN
from bptt_sym.check.suppositions import supposition
from bptt_sym.decide.readings import CARRIED, CARRY, CARRY_BESIDE
from bptt_sym.decide.verdict import Verdict
from bptt_sym.definitions.any_recurrence import SAID as ANY
from bptt_sym.definitions.outline import Row
from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import BRACKETS, closing
from bptt_sym.errors import BpttError
from bptt_sym.notation import HORIZON_NAME, Fn, Idx, Num, num, substitute_index, walk
from bptt_sym.recurrence import STEP
from bptt_sym.spelling.sloped_deltas import SLOPED

RELATION = re.compile(r"=|<|>|\\(?:leq?|geq?|neq?|lll?|ggg?|to|approx|equiv)(?![A-Za-z])|[≤≥≠≪≫]")
SCRIPT = re.compile(r"[_^]\s*\{(?:[^{}]|\{[^{}]*\})*\}")
#: An explanation and no case: the derivative of a function, "because …".
_EXPLAINS = re.compile(r"'|′|\\prime|\\(?:because|since)(?![A-Za-z])")
_WORDS = re.compile(
    r"\b(?:if|when(?:ever)?|only|case|provided|assum\w+|suppos\w+|unless|except|otherwise|initial\w*|"
    r"last|final|first|wenn|falls|letzte\w*|si|pour|dernier\w*|último|cuando|caso|quando|ultimo|"
    r"если|при|когда|последн\w+)\b|最后|最後|末|如果|若|当(?![前然])|當(?![前然])|时(?![刻间序])|時(?![刻間])|假设|仅|のとき|場合|마지막|경우|"
    r"אם|כאשר|האחרון|اگر|وقتی|آخر",
    re.IGNORECASE,
)
#: Words in a row that are not the label of a part of it.
_TEXT = re.compile(
    r"(?<![_^{])(?<![_^]\{ )\\(?:text(?:rm|it|bf|normal)?|mbox)\s*\{(?P<words>[^{}]*)\}"
)
_ABOVE = re.compile(r"\\(?:stackrel|overset|underset)\s*\{(?P<above>(?:[^{}]|\{[^{}]*\})*)\}")
#: What goes by cases is judged case by case.
_CASES = re.compile(
    r"\\begin\s*\{(?P<env>[dr]?cases|array)\}.*?(?:\\end\s*\{(?P=env)\}|$)", re.DOTALL
)
#: Where the next row begins that does not go on from this one.
_NEXT_ROW = re.compile(r"\\\\(?!\s*(?:\[[^\]]*\]\s*)?&?\s*(?:=|\\end))")
#: A sentence about the last step alone, and a step that is one.
_LAST = re.compile(
    r"(?<![A-Za-z\\])\$?t\s*=\s*T(?!\s*[-+A-Za-z]|\$?\s*(?:[,，;]\s*(?:T\s*-|\\[cl]?dots)|to\b|down|\.\.|[…到至]))|"
    r"\b(?:last|final)\s+(?:time[\s-]*)?(?:step|moment|state|instant|hidden state)\b|"
    r"最后一?个?(?:时刻|时间步|时间|一步|步)|最後の(?:時刻|ステップ)|마지막\s*(?:시점|시간|타임|스텝|단계)|"
    r"последн\w+\s+(?:шаг\w*|момент\w*)|letzte\w*\s+(?:Zeit)?[sS]chritt|dernier\s+(?:pas|instant)|"
    r"(?:second|next|third)[\s-]+(?:to[\s-]+)?last|penultimate|倒数第|предпослед|vorletzt|avant-dernier|penúltim|"
    r"(?<![A-Za-z\\])\$?t\s*=\s*T\s*-\s*[0-9]\s*\$?\s*(?:时刻|時刻|step)|"
    r"último\s+(?:paso|passo|instante)|(?:צעד|הצעד)\s+האחרון|آخرین\s+گام",
    re.IGNORECASE,
)
#: A sentence about the first step alone, or about another case than the run of many steps.
_FIRST = re.compile(
    r"(?<![A-Za-z\\_{])\$?t\s*=\s*[01](?!\s*[-+A-Za-z0-9]|\$?\s*(?:[,，;]\s*(?:[0-9]|\\[cl]?dots|\.\.)|"
    r"to\b|up\b|until\b|\\to|\\[cl]?dots|\.\.|[…:到至]|まで|까지))|"
    r"\b(?:at|for|in) the (?:first|initial) (?:time[\s-]*)?step\b|\bfirst (?:time[\s-]*)?step:|"
    r"\bbase case\b|(?<![A-Za-z\\])(?-i:T)\s*=\s*1(?!\d)|\bsingle (?:time[\s-]*)?step\b|"
    r"\bfeed-?forward (?:case|net)|\bteacher[\s-]forc|\bto (?:the )?first order\b|"
    r"\bwithout (?:a |the |any )?(?:forget|input|output|gat)|\bconstant error (?:carousel|flow)|"
    r"\b(?:approximately|roughly)\b|"
    r"\bdetach|\bstop[\s-]?grad|\bstop(?:s|ped|ping)? the gradient|\bno gradients? (?:flow|pass)|"
    r"\bgradients? (?:does|do|is|are) not (?:flow|propagat|back-?propagat|pass)|"
    r"\btruncat\w+ (?:after|at|to) (?:one|1|a single)\b|第一个?(?:时刻|时间步|步)|初始时刻",
    re.IGNORECASE,
)
#: "from $t = T - 1$ down to $t = 1$": all of these steps.
_DOWN_TO = re.compile(
    r"(?:\b(?:from|von|desde|de|da|от|с)\b|[从從由自])[^.。;；\n]{1,60}?"
    r"(?:\b(?:to|bis|hasta|até|a|à|до)\b|[到至])\s*\$?\s*t\s*=\s*[01](?![0-9.])",
    re.IGNORECASE,
)
#: ``t = 1, 2, \\ldots, T``, ``1 \\le t \\le T``.
_EVERY_STEP = re.compile(
    r"\b[tk]\s*(?:=|\\in(?![A-Za-z])|∈)\s*(?:\\\{|\{|\[)?\s*[01]\s*,\s*(?:[12]\s*,\s*)?"
    r"(?:\\[cl]?dots[cbo]?(?![A-Za-z])|\.\.\.|…|⋯)\s*,?\s*T(?![A-Za-z\s]*[-+=<>])"
    r"|\b[01]\s*(?:\\leq?(?![A-Za-z])|≤)\s*[tk]\s*(?:\\leq?(?![A-Za-z])|≤)\s*T(?![A-Za-z\s]*[-+=<>])"
)
#: Of these another step is meant than the last.
_BEFORE_LAST = re.compile(
    r"second|next|third|penult|倒数|предпослед|vorletzt|avant|T\s*-", re.IGNORECASE
)
_AT_ONE = re.compile(
    r"t\s*=\s*1|(?:at|for|in) the first (?:time[\s-]*)?step|第一个?(?:时刻|时间步|步)",
    re.IGNORECASE,
)
#: What comes back from the step after the last is 0, whatever it is multiplied by.
_OF_THE_NEXT = {CARRY.message, CARRIED.message, CARRY_BESIDE.message}
_AT_THE_START = re.compile(r"_\s*\{?\s*[01](?!\d)|\^\s*\{?\s*[(<]\s*[01]\s*[)>]")
#: The text calls what it gives the immediate derivative, or only the part of one step.
_OWN_STEP = re.compile(
    r"\b(?:immediate|instantaneous) (?:\w+ )?(?:derivative|partial|part|contribution|effect|"
    r"dependenc[ey]|term|influence|gradient)|"
    r"\bexplicit (?:\w+ )?(?:partial|part|contribution|effect|dependenc[ey]|influence)|"
    r"\bdirect(?:ly)? (?:contribution|effect|derivative|dependence|dependency|part|term|influence|"
    r"gradient|path)|\blocal (?:gradient|derivative|contribution|jacobian|part|partial)|"
    r"\bpartial derivative,? \(?(?:and )?not (?:the )?total|"
    r"\b(?:treat|regard|consider|hold|held|keep|kept)\w*\b[^.\n]{0,50}\b(?:constant|fixed)\b|"
    r"\b(?:ignor|neglect|disregard)\w*\b[^.\n]{0,30}\b(?:dependen\w+|history|past|earlier|previous|"
    r"recurren\w+|future|later)|直接(?:贡献|导数|偏导)|局部(?:梯度|导数)|视为常[数量]|看作常[数量]|"
    r"(?:ローカル|局所|即時的?|直接)(?:な|の|的な)?(?:勾配|微分|ヤコビ|寄与)|"
    r"(?:국소|지역|직접)(?:적인?)? ?(?:기울기|미분|그래디언트|기여)|"
    r"\b(?:gradiente|derivada|derivata|jacobiano|contribuci[óo]n|contribuição|contributo) "
    r"(?:locale?|dire[ct]?t[oa]|in?m+ediat[oa]|imediat[oa])\b|"
    r"\b(?:gradient|jacobien|contribution|dérivée) (?:locale?|directe?|immédiate?)\b|"
    r"\b(?:lokale|direkte|unmittelbare)[rns]? (?:Gradient|Ableitung|Beitr[aä]g|Anteil)|"
    r"(?:локальн|непосредственн|прям)\w+ (?:градиент|производн|вклад)",
    re.IGNORECASE,
)
#: The text itself says that a formula is none.
_CALLED_WRONG = re.compile(r"\b(?:wrong|incorrect|mistak\w+|erroneous|false)\b|错误|falsch", re.I)
_AT_THE_END = re.compile(r"(?<![A-Za-z\\])T(?![A-Za-z])|\\tau(?![A-Za-z])")
_SENTENCE = re.compile(r"[.。!?;；]\s|[。；]|\n\s*\n")
#: ``**Case $t = T$.**`` before what is said of it.
_HEADED = re.compile(r"\s*(?:[-*+]\s+|\d+[.)]\s+)?(?:\*\*|__)?\s*[Cc]ase\b")
#: What stands between a sentence and the display that it announces.
_OPENED = re.compile(r"(?:\s|\$|\\\[|\\begin\s*\{[a-z*]+\}|[>*]|[:：,，])+$")
#: ``when the gate is open ($f_t = 1$)``: a value of something that runs, in the words before.
_VALUE = re.compile(
    r"(?:\b(?:if|when(?:ever)?|where|once|for|with|suppos\w+|assum\w+|case|as|wenn|falls|bei|si|quand|lorsque|"
    r"avec|cuando|con|quando|com|если|когда|при)\b|如果|若|当(?![前然])|當(?![前然])|假[设設如]|のとき|場合|경우|אם|כאשר|اگر|وقتی)"
    r"[^.。;；]*?\$(?P<case>[^$=<>]*(?:_|\^|\()[^$=<>]*(?:=|\\approx|\\to|\\rightarrow|\\equiv|≈|→)\s*"
    r"(?:\\(?:mathbf|boldsymbol|bm|vec)\s*)?\{?\s*[01]\s*\}?(?:\.0)?)\s*(?:\$|$)",
    re.IGNORECASE,
)
#: ``\\tanh'`` without what it is of.
_BARE_SLOPE = re.compile(
    r"(?:\\(?:tanh|sigma|phi|varphi)|(?<![A-Za-z\\])(?:tanh|f|g))\s*+"
    r"(?:'|\^\s*+(?:\{\s*+\\prime\s*+\}|\\prime))(?!\s*+(?:\\(?:left|[bB]igg?l?)\s*+)?[(\[_'])"
)
#: In an earlier cell of a row of a table: a value or a limit of something.
_IN_A_CELL = re.compile(
    r"\$(?P<case>[^$]*?(?:=|<|>|\\(?:leq?|geq?|equiv|approx|to|rightarrow)(?![A-Za-z])|[≈→≡≤≥])\s*"
    r"(?:\\(?:mathbf|boldsymbol|bm|vec)\s*)?\{?\s*(?:-?\s*[0-9.]+|I|\\infty)\s*\}?)\s*\$"
)
#: Marks of HTML and of templates between a sentence and its display.
_MARKUP = re.compile(r"</?[a-z][^<>\n]{0,80}>|\{%[^%\n]{0,40}%\}")
#: The display that stands directly before another one.
_DISPLAY_BEFORE = re.compile(r"\$\$?(?P<said>[^$=]{1,200})=[^$]{1,600}\$\$?\Z")
#: Where an item of a list begins.
_ITEM = re.compile(r"\n\s*(?:[-*+]|[0-9]+[.)])\s")
#: A line that begins an item, up to a formula in it.
_IN_AN_ITEM = re.compile(r"\s*(?:[-*+•]|[0-9]+[.)])\s|\s*\\item\b")
#: What is left out on purpose, in the words before a formula.
_SIMPLER = re.compile(
    r"\b(?:does|do|did) not depend on\b|"
    r"\bsimplif\w+ (?:analysis|case|model|version|assumption)|"
    r"\b(?:treat|regard|hold|held|keep|kept)\w*\b[^.\n]{0,40}\b(?:constant|fixed|independent)\b|"
    r"\b(?:ignor|neglect)\w+|简化分析|忽略|视为常[数量]|看作常[数量]|固定不变|пренебре\w+|無視|무시",
    re.IGNORECASE,
)
#: Beside a cell with gates: a network without them, which the text only compares it with.
_WITHOUT_GATES = re.compile(
    r"\b(?:vanilla|plain|simple|standard|ordinary|basic|traditional) (?:RNN|recurrent)s?\b"
    r"|(?:普通|朴素|传统|標準|标准|简单|簡單|単純な)(?:的)?\s*RNN|обычн\w+ RNN|einfache\w* RNN",
    re.IGNORECASE,
)
#: A sentence that says what an immediate derivative is.
_IMMEDIATE = re.compile(r"\\partial\s*\^\s*\{?\s*\+|∂⁺|∂\^\+|\bimmediate\b|\bexplicit derivative")
#: The activation is the identity, in words.
_LINEAR = re.compile(
    r"(?<![Nn]on-)(?<![Nn]on)\b[Ll]inear(?: \w+)? "
    r"(?:RNN|case|network|recurren\w+|activation|model|system)"
    r"|\bidentity (?:activation|function|map)|\b(?:is|as|be|were) (?:the |an )?identity\b"
    r"|(?:[Ww]ithout|[Nn]o|[Ii]gnor\w+|[Dd]rop\w*|[Oo]mit\w*|[Rr]emov\w+|[Nn]eglect\w*)"
    r" (?:the |any |all )?(?:non-?linearit\w+|activation)"
    r"|线性(?:情形|情况|RNN|网络|激活)|恒等(?:函数|激活|映射)|忽略(?:激活|非线性)"
)
#: What follows is worked out for one step of the run.
_ONE_STEP = re.compile(
    r"\b(?:(?:only|just|take|consider|with)\s+(?:a|one)(?:\s+single)?|(?:for|at|within|over|in)\s+a\s+single)\s+"
    r"(?:time[\s-]*)?step\b(?!\s*(?:size|back|further|later|earlier|before|after))"
    r"|\bone\s+(?:time[\s-]*)?step\s+as\s+an?\s+example\b"
    r"|以(?:一|单|單|某)[个個一]?[时時](?:间|間)?(?:步|刻)[长長]?[为為]例"
    r"|(?:只|仅|僅)(?:考虑|考慮|看)(?:一|单|單)[个個]?[时時](?:间|間)步"
    r"|(?:对|對|在)(?:于|於)?(?:单|單)[个個一][时時](?:间|間)步"
    r"|1\s*ステップ(?:だけ|のみ)|одного шага",
    re.IGNORECASE,
)
#: A word without which nothing says so.
_OF_A_STEP = re.compile(r"[sSſ][tT][eE][pP]|[步刻長长]|ステップ|[Шш][Аа][Гг]")
#: How far back a section is looked through.
_SECTION = 4_000
#: How far before the end of a row a remark begins.
_REACH = 400
_END = re.compile(r"[\s.,;。，]*(?:\\(?:\\|end|tag|label|hfill|nonumber|notag)|$)")


def as_rewritten(verdict: Verdict, row: Row, formula: Formula) -> Verdict:
    """``verdict`` with what the rewriting of the formula supposed, where it concerns the row."""
    if formula.open and verdict.verdict in ("right", "right_under_reading", "wrong"):
        return Verdict("undecided", note=formula.open)
    said = tuple(w for w, mark in formula.supposes if mark in row.latex and w != SLOPED)
    if said and verdict.is_right:
        readings = tuple(dict.fromkeys((*verdict.readings, *said)))
        return replace(verdict, verdict="right_under_reading", readings=readings)
    if ANY in said and verdict.verdict == "wrong":
        return Verdict("undecided", note=f"{ANY}: under it the formula fails")
    if said and verdict.verdict == "wrong":
        return replace(verdict, assumptions=(*verdict.assumptions, *said))
    return verdict


def in_its_case(judged: Judged, row: Row, formula: Formula) -> Judged:
    """``judged``, but of a row that fails and speaks of a case nothing is known.

    What the text itself calls wrong is none of its claims.
    """
    if judged.verdict.verdict != "wrong":
        return judged
    if called_wrong(formula):
        return replace(judged, verdict=Verdict("not_a_claim", note=QUOTED), part=None)
    case = named_case(row, formula)
    if case and (known := _at_its_step(judged, case)) is not None:
        return known
    if case and (held := at_its_values(judged, case)) is not None:
        return replace(judged, verdict=held, part=None)
    note = f"it fails, but speaks of a case: {case}" if case else ""
    diagnosis = judged.verdict.diagnosis
    if not note and diagnosis is not None and diagnosis.code == "BP019":
        doubted = any(words == SLOPED for words, _ in formula.supposes)
        note = f"it fails, but {SLOPED}: it may be that by its argument" if doubted else ""
    steps = diagnosis is None or diagnosis.code == "BP004"
    if not note and steps and _BARE_SLOPE.search(row.latex):
        note = "it fails, but a slope is written without what it is of"
    if not note and (said := _SIMPLER.search(_before(formula, _IMMEDIATE))):
        note = f"it fails, but the text supposes something simpler: {said.group().strip()}"
    if not note and _is_gated(judged) and (said := _WITHOUT_GATES.search(_before(formula))):
        note = f"it fails, but speaks of a case: {said.group()}"
    if not note:
        return judged
    return replace(judged, verdict=Verdict("undecided", note=note), part=None)


def _at_its_step(judged: Judged, case: str) -> Judged | None:
    """``judged``, that fails, at the one step of which its text speaks; ``None`` if that is not
    known.

    There it holds, or the slip that is in it at every step is in it still.
    """
    step: Idx | Num | None = None
    if _LAST.fullmatch(case) and not _BEFORE_LAST.search(case):
        step = Idx(HORIZON_NAME)
    elif _AT_ONE.fullmatch(case):
        step = num(1)
    if step is None or judged.basis is None:
        return None
    claim, court = judged.basis.claim, judged.basis.model.court
    sides = tuple(substitute_index(side, STEP, step) for side in claim.sides)
    try:
        found = court.judge(replace(claim, sides=sides))
    except BpttError:
        return None
    if found.is_right and _OF_THE_NEXT & set(found.readings):
        return None
    if found.is_right:
        said = f"t = {'T' if isinstance(step, Idx) else 1}, as the text says"
        known = replace(found, verdict="right_under_reading", unexplained=None)
        known = replace(known, assumptions=(*judged.verdict.assumptions, said))
        return replace(judged, verdict=known, part=None)
    here, there = judged.verdict.diagnosis, found.diagnosis
    if found.verdict != "wrong" or here is None or there is None or here.code not in PLAIN:
        return None
    return judged if here.code == there.code and sides != claim.sides else None


def _is_gated(judged: Judged) -> bool:
    """Whether it was judged under a cell with gates."""
    if judged.basis is None:
        return False
    rec = judged.basis.model.court.model
    gates = [
        e for e in rec.equations
        if any(isinstance(n, Fn) and n.name == "sigma" for n in walk(e.rhs))
    ]  # fmt: skip
    return len(gates) > 1


def speaks_of_linear(formula: Formula) -> bool:
    """Whether the text before a formula supposes that the activation is the identity."""
    return _LINEAR.search(_before(formula)) is not None


def speaks_of_one_step(formula: Formula) -> bool:
    """Whether its section says before it that what follows is about a single step."""
    source, start = formula.source.text, formula.offsets[0]
    before = source[max(0, start - _SECTION) : start]
    if _OF_A_STEP.search(before) is None:
        return False
    return _ONE_STEP.search(re.split(r"\n#|\\(?:sub)*section", before)[-1]) is not None


def speaks_of_own_step(formula: Formula) -> bool:
    """Whether the sentence around a formula calls it the immediate derivative, or a part."""
    around = f"{_before_its_list(formula)} {_sentence_around(formula)}"
    return _OWN_STEP.search(around) is not None and _CALLED_WRONG.search(around) is None


def _before_its_list(formula: Formula) -> str:
    """The sentence that announces the list in which a formula is an item; "" outside of lists."""
    before = formula.source.text[: formula.offsets[0]]
    lines = before[-_SECTION:].split("\n")
    if not _IN_AN_ITEM.match(lines[-1]):
        return ""
    above = [
        line for line in reversed(lines[:-1]) if line.strip() and not _IN_AN_ITEM.match(line)
    ]  # fmt: skip
    said = above[0].rstrip() if above else ""
    return _SENTENCE.split(said[:-1])[-1] if said.endswith((":", "：")) else ""


def _before(formula: Formula, without: re.Pattern[str] | None = None) -> str:
    """The two sentences before a formula, of its own section, but those that match ``without``."""
    source, start = formula.source.text, formula.offsets[0]
    text = re.split(r"\n#|\\(?:sub)*section", source[max(0, start - 320) : start])[-1]
    sentences = re.split(r"[.。!?;；](?=\s)|[。；]", text)[-2:]
    return " ".join(s for s in sentences if without is None or not without.search(s))


def named_case(row: Row, formula: Formula) -> str:
    """The case that stands beside a row in the document, as it is written; "" if there is none."""
    source = formula.source.text
    text = source[formula.offsets[row.start] : formula.offsets[-1]]
    after = max(t.end for t in row.chain.sides[0])
    gap = formula.offsets[after] - formula.offsets[row.start]
    text = _CASES.sub(lambda m: " " * len(m.group()), text)
    if (end := _NEXT_ROW.search(text, max(gap, 0))) is not None:
        text = text[: end.start()]
    for m in _ABOVE.finditer(text):
        if _is_case(m.group("above")):
            return m.group("above").strip()
    for m in _TEXT.finditer(text):
        if _WORDS.search(m.group("words")):
            return m.group("words").strip()
    inside = _in_brackets_behind(text)
    if _is_case(inside) or _WORDS.search(inside):
        return inside.strip()
    if condition := _condition(row, formula) or _in_the_row(formula):
        return condition
    if _AT_THE_END.search(row.left):
        return ""  # about that step it says what it says
    around = _sentence_around(formula)
    said = _LAST.search(around)
    if said is None and not _AT_THE_START.search(row.left):
        said = _FIRST.search(_DOWN_TO.sub(" ", around))
    if said:
        return said.group().strip(" $")
    start = formula.offsets[0]
    announced = _announced(source[max(0, start - 320) : start], 320)
    before = _row_of_a_table(formula) or _ITEM.split(announced)[-1]
    value = _VALUE.search(_SENTENCE.split(before)[-1])
    return value.group("case").strip() if value else ""


def _condition(row: Row, formula: Formula) -> str:
    """The condition of the sentence of which a row follows, if it was not taken up with it."""
    found = supposition(formula)
    if found is None or found.itself or found.is_procedure:
        return ""
    return "" if row.chain.given and found.is_single else found.condition


def _in_the_row(formula: Formula) -> str:
    """What an earlier cell of the same row of a Markdown table gives a value; "" if none does."""
    row = _row_of_a_table(formula)
    found = _IN_A_CELL.search(row[: row.rfind("|")]) if row else None
    return found["case"].strip() if found is not None else ""


def _row_of_a_table(formula: Formula) -> str:
    """What stands before a formula in its row of a Markdown table; "" if it stands in none."""
    source, start = formula.source.text, formula.offsets[0]
    row = source[source.rfind("\n", max(0, start - _REACH), start) + 1 : start]
    return row if row.lstrip().startswith("|") else ""


def _sentence_around(formula: Formula) -> str:
    """What its sentence says before a formula and behind it."""
    source, start, end = formula.source.text, formula.offsets[0], formula.offsets[-1]
    said = _announced(source[max(0, start - 240) : start])
    further = _MARKUP.sub(" ", source[max(0, start - 2 * _REACH) : start]).rstrip()
    further = further.removesuffix("$").removesuffix("$").rstrip()
    if (last := _DISPLAY_BEFORE.search(further)) is not None:
        # (The same again, in other words: its sentence is that of the display before it.)
        again = source[start:end].partition("=")[0]
        if "".join(again.split()) == "".join(last["said"].split()):
            said = _announced(further[: last.start()])
    if said.endswith(tuple(".。!?;；")):
        said = _SENTENCE.split(said[:-1])[-1]
        before = said if _HEADED.match(said) else ""
    else:
        before = _SENTENCE.split(said)[-1]
    behind = _SENTENCE.split(source[end : end + 80])[0]
    return f"{before} {behind}"


def _announced(text: str, reach: int = 160) -> str:
    """The words at the end of ``text``, before the marks that open a display."""
    return _OPENED.sub("", _MARKUP.sub(" ", text)[-reach:])


def _is_case(text: str) -> bool:
    """Whether something is related in ``text``, and not only below a sum that stands in it.

    That it is said of every step is no case.
    """
    said = _EVERY_STEP.sub(" ", SCRIPT.sub("", text))
    return bool(RELATION.search(said)) and not _EXPLAINS.search(text)


def _in_brackets_behind(text: str) -> str:
    """What stands in brackets at the end of a row."""
    tail = text[-_REACH:]
    for m in re.finditer(r"[(\[（]", tail):
        end = closing(tail, m.start(), *BRACKETS)
        if end is not None and _END.match(tail, end + 1):
            return tail[m.end() : end]
    return ""
