"""What the slips of the catalogue are evidence of: a mistake, a convention, or a part."""

from __future__ import annotations

#: Slips that no convention of layout or of what is left out would make: the factors in another
#: order, one symbol for another, a sign, a step, an exponent, an activation taken twice, brackets
#: left out.
PLAIN = frozenset(("BP004", "BP008", "BP010", "BP013", "BP014", "BP018", "BP023", "BP027"))
#: Those that are none either, of which one alone does not tell whether something was misread.
MISTAKES = PLAIN | {"BP003", "BP006", "BP007", "BP009", "BP011", "BP012", "BP019", "BP026"}
#: Slips that may be none where a text gives one path, or some of the steps, at a time.
OF_PARTS = frozenset(("BP005", "BP015", "BP016", "BP017", "BP025"))
#: A matter of layout, or of the paths that are meant, unless all that is in the formula stands in
#: others that hold.
TO_BE_SHOWN = frozenset(("BP009", "BP014"))
