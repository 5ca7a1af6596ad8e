"""What is written out or joined in one formula."""

from __future__ import annotations

from bptt_sym.spelling.backwards import counted_from_the_end
from bptt_sym.spelling.block_products import multiplied_out
from bptt_sym.spelling.column_equations import written_row_by_row
from bptt_sym.spelling.corners import folded
from bptt_sym.spelling.counting import with_one_length
from bptt_sym.spelling.early_names import counted_from_their_step
from bptt_sym.spelling.entrywise_signs import with_entrywise_signs
from bptt_sym.spelling.handwriting import as_written
from bptt_sym.spelling.held import held_fixed, with_one_function
from bptt_sym.spelling.largest import with_norms_for_largest
from bptt_sym.spelling.marks_in_passing import with_steps_for_marks
from bptt_sym.spelling.named_parts import with_names_of_parts
from bptt_sym.spelling.named_stacks import with_named_stacks
from bptt_sym.spelling.numbered_words import with_names_for_numbers
from bptt_sym.spelling.one_case import with_one_case
from bptt_sym.spelling.one_face import with_one_face
from bptt_sym.spelling.one_pass import THE_LOSS, Pass, Spelling, by_words, each, lettered, together
from bptt_sym.spelling.stacked_states import with_blocks_of_states
from bptt_sym.spelling.true_class import with_one_name_for_labels
from bptt_sym.spelling.typography import on_in_words, plainly_set


def _on_in_words(s: Spelling) -> None:
    s.formulas = [on_in_words(f, f.source.text) for f in s.formulas]


PRODUCTS: tuple[Pass, ...] = (
    together(with_names_of_parts),
    together(with_blocks_of_states),
    lettered(with_named_stacks),
    each(multiplied_out),
    Pass("on_in_words", _on_in_words),
    each(held_fixed),
    each(with_norms_for_largest),
    together(with_entrywise_signs),
    each(as_written),
    each(folded),
    together(with_one_function),
    together(with_one_face),
    together(with_one_case),
    together(with_one_length),
    together(counted_from_the_end),
    together(counted_from_their_step),
    together(with_names_for_numbers),
    together(with_steps_for_marks),
    each(plainly_set),
    each(written_row_by_row),
    by_words(with_one_name_for_labels),
    THE_LOSS,
)
