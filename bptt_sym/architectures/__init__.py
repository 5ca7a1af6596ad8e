"""Architectures made of cells: gated cells, stacks, dropout, embeddings, outputs, attention."""

from bptt_sym.architectures.attention import CONTEXT, attention
from bptt_sym.architectures.gated import gru, is_torch_gru, lstm_peephole
from bptt_sym.architectures.layers import (
    apart,
    cross_entropy,
    embedded,
    layer_name,
    readout,
    squared_error,
    stack,
)

__all__ = [
    "CONTEXT",
    "apart",
    "attention",
    "cross_entropy",
    "embedded",
    "gru",
    "is_torch_gru",
    "layer_name",
    "lstm_peephole",
    "readout",
    "squared_error",
    "stack",
]
