"""Where the variable of a derivative enters the run."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from bptt_sym.forms.chain import Chain
from bptt_sym.forms.problem import Problem
from bptt_sym.notation import ZERO, At, Node, Sym, affine, shift, walk


@dataclass
class Sources:
    """Where the variable enters: at every step (a parameter), or once (an element)."""

    p: Problem
    chain: Chain

    @property
    def every_step(self) -> bool:
        return isinstance(self.p.x, Sym)

    @cached_property
    def lags(self) -> tuple[int, ...]:
        """For an input: how many steps after its own it is read."""
        x = self.p.x
        if not isinstance(x, At) or self.p.is_state(x):
            return (0,)
        return self.p.reading_lags

    @property
    def first(self) -> Node:
        """The step at which the derivative starts to be one product."""
        x = self.p.x
        assert isinstance(x, At)
        form = affine(x.time)
        if self.p.is_state(x) and form is not None and not form[0] and form[1] < 0:
            return ZERO  # an initial value of several: the joint state at step 0 holds them all
        return shift(x.time, max(self.lags))

    def initial_depends(self) -> bool:
        """Whether an initial value mentions the variable."""
        return any(
            self.p.x in set(walk(self.p.rec.initial[s]))
            for s in self.chain.states
            if s in self.p.rec.initial
        )
