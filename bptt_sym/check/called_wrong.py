r"""Formulas that the text itself calls wrong: "a common mistake is to write …".

They are quoted, and no claims of the text. Only what fails is asked about: a formula that holds,
and is said not to, is not excused by that.
"""

from __future__ import annotations

import re

from bptt_sym.documents.document import Formula
from bptt_sym.messages import marked

QUOTED = marked("the text itself calls it wrong, and it is")

#: How far before a formula, and behind it, such words are looked for.
_BEFORE, _BEHIND = 220, 90
_SENTENCE = re.compile(r"(?<!\d)[.!?](?=\s)|[。！？]|\n\s*\n")
#: What a display, or a sign of Markdown, puts between a sentence and its formula.
_OPENED = re.compile(r"(?:\s|\$|\\\[|\\\(|\\begin\s*\{[a-z*]+\}|[>*_`]|[:：])*$")
_MISTAKE = re.compile(
    r"(?:common|frequent|typical|popular|usual|classic|easy|tempting)\s+(?:beginner'?s?'?\s+)?"
    r"(?:mistake|error|misconception|pitfall|slip)s?\b|\bmisconception\b"
    r"|\b(?:is|are)\s*\W*(?:not|never)\W*\s*(?:true|correct|right|the\s+case)\s+that\b"
    r"|\bit\s+(?:is|would\s+be)\s+\W*(?:wrong|incorrect|false|a\s+mistake)\W*\s+(?:to|that)\b"
    r"|\b(?:might|may|could)\s+be\s+tempted\b|\btempting\s+to\b|\bmight\s+(?:think|believe|guess)\b"
    r"|\boften\s+(?:claim|think|believe)\b|\bfollowing\s+is\s+\W*(?:wrong|incorrect|false)"
    r"|\brather\s+than\b|\binstead\s+of\b"
    r"|(?:häufiger?|typischer?|verbreiteter?)\s+(?:Fehler|Irrtum)"
    r"|erreur\s+(?:fréquente|courante|classique)|error(?:es)?\s+(?:común|comunes|frecuentes?)"
    r"|erro\s+(?:comum|frequente)|errore\s+(?:comune|frequente)|yaygın\s+(?:bir\s+)?hata"
    r"|(?:частая|типичная|распростран[её]нная)\s+ошибка"
    r"|常见的?错误|常見的?錯誤|错误的?写法|錯誤的?寫法|误区|誤區|よくある(?:間違い|誤り)|흔한\s*실수"
    r"|טעות\s+(?:נפוצה|שכיחה)|(?:اشتباه|خطای)\s+(?:رایج|متداول)",
    re.IGNORECASE,
)
#: ``Wrong:``, ``**Incorrect** (no transpose):``, by itself before the formula.
_LABEL = re.compile(
    r"(?:^|\n)\W*(?:wrong|incorrect|false|myth|mistake|falsch|faux|incorrecto|incorreto|errato|неверно|"
    r"неправильно|错误|錯誤|誤り|틀림|שגוי|نادرست|✗|✘|❌)\W*(?:\([^()\n]{0,60}\))?\W*$",
    re.IGNORECASE,
)
#: Words behind which it is no longer the mistake that is given.
_TURNS = re.compile(
    r"\b(?:correct|right|instead|should|actually|but|note|remember|recall|avoid\w*|therefore|hence|"
    r"we\s+(?:write|use|have|get|find))\b|richtig|korrekt|juste|correct[oa]?\b|corretto|правильн"
    r"|正确|正確|应为|應為|正しい|올바른|נכון|درست",
    re.IGNORECASE,
)
_SAID_BEHIND = re.compile(
    r"[\s$.,;:)*_\]\\]*(?:\\\]|\\end\{[a-z*]+\})?[\s$.,;:)*_]*(?:—|–|-)?\s*"
    r"(?:(?:and|but)\s+)?(?:(?:this|that|it|which)\s+(?:formula\s+|equation\s+)?(?:is|would\s+be)\s+"
    r"(?:\w+ly\s+|of\s+course\s+|just\s+)?\W*(?:wrong|false|incorrect|not\s+(?:true|correct|right))\b"
    r"|(?:das|dies|was)\s+ist\s+(?:falsch|nicht\s+richtig)|(?:ceci|cela|ce\s+qui)\s+est\s+(?:faux|incorrect)"
    r"|(?:esto|eso|lo\s+(?:cual|que))\s+es\s+(?:falso|incorrecto)|это\s+(?:неверно|неправильно|ошибка)"
    r"|(?:这|此|该|這|該)[^。]{0,6}(?:是错误的|是錯誤的|不对|不對|不正确|不正確|是错的|是錯的))",
    re.IGNORECASE,
)
_STRUCK = re.compile(r"~~[\s$`]*$|<(?:s|del|strike)>[\s$\\([]*$")


def called_wrong(formula: Formula) -> bool:
    """Whether the words around a formula say that it is wrong."""
    source, start, end = formula.source.text, formula.offsets[0], formula.offsets[-1]
    before = source[max(0, start - _BEFORE) : start]
    if _STRUCK.search(before):
        return True
    said = _OPENED.sub("", before)
    said = _SENTENCE.split(said)[-1]
    if _LABEL.search(said if "\n" in said else f"\n{said}"):
        return True
    ends = [found.end() for found in _MISTAKE.finditer(said)]
    if ends and not _TURNS.search(said, ends[-1]):
        return True
    behind = source[end : end + _BEHIND]
    return _SAID_BEHIND.match(behind) is not None
