"""The documented caps on input, enforced before anything is built from it."""

from __future__ import annotations

#: Characters of one formula.
MAX_CHARS = 100_000
#: Tokens of one formula.
MAX_TOKENS = 20_000
#: Nested brackets, braces, scripts and arguments. The recursive-descent parser and the binder
#: recurse once per level, so this also bounds the interpreter's stack.
MAX_DEPTH = 30
#: Changes between the operators of one product; each nests the expression one level deeper.
MAX_CHANGES = 40
#: Dots in one sum or product.
MAX_DOTS = 20
#: Characters of one name with its subscript.
MAX_NAME = 200
#: Digits of a number.
MAX_DIGITS = 40
#: Absolute value of a number used as an exponent.
MAX_EXPONENT = 10_000
#: Absolute value of a number used as a time index or as a bound of a sum.
MAX_INDEX = 1_000_000
#: Terms of one sum, factors of one product, claims of one block.
MAX_TERMS = 2_000
