"""A function of JAX code that is followed at each call, and compiled once for each program.

Run operation by operation, JAX compiles each of them for every shape it meets, and a ``scan`` anew
at every call. Compiled as a whole, little optimised, it takes a third of that. The code itself is
followed each time, so that whatever it keeps between calls shows in what it computes.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, final

from bptt_sym.errors import NotSupported
from bptt_sym.testing.compare import FAILURES

#: Programs that are kept.
_MOST = 64
_LITTLE = {"xla_backend_optimization_level": 0}


@final
class Compiled:
    """Calls functions of one argument compiled, and as they are if they cannot be.

    ``eager`` is set by the first that cannot: code that looks at its numbers, for instance.
    """

    def __init__(self) -> None:
        self.eager = False
        self._kept: OrderedDict[str, Any] = OrderedDict()

    def __call__(self, function: Callable[[Any], Any], argument: Any) -> Any:
        """The function's value.

        Raises
        ------
        NotSupported
            The function uses values that another call of it has kept.
        """
        import jax

        config: Any = jax.config
        if self.eager or config.jax_disable_jit or config.jax_debug_nans:
            return function(argument)
        try:
            return self._program(jax.jit(lambda a: function(a)).lower(argument))(argument)
        except FAILURES:
            self.eager = True
        # (A value that was kept while the code was followed is one more argument of the program,
        # which then fails for want of it, and no number for the code as it is.)
        try:
            return function(argument)
        except jax.errors.UnexpectedTracerError as error:
            raise NotSupported(
                "the function keeps values of JAX from one call to the next, which code that is "
                "compiled cannot; from_jax(outputs, jit=False) does not compile it"
            ) from error

    def _program(self, lowered: Any) -> Any:
        # (Printed with every constant: two programs that differ in one number are two.)
        module = lowered.compiler_ir("stablehlo")
        text = module.operation.get_asm(large_elements_limit=None)
        if text in self._kept:
            self._kept.move_to_end(text)
            return self._kept[text]
        made = self._kept[text] = lowered.compile(compiler_options=_LITTLE)
        if len(self._kept) > _MOST:
            self._kept.popitem(last=False)
        return made


__all__ = ["Compiled"]
