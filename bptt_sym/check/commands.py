"""What ``bptt-sym code`` and ``bptt-sym flow`` do, apart from printing."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from bptt_sym.check.setting import Setting, horizon, meanings, size
from bptt_sym.errors import InputError

if TYPE_CHECKING:
    from bptt_sym.evaluate.gradient_flow import FlowReport


def code(args: argparse.Namespace, setting: Setting) -> str:
    """The source of the gradient that the options ask for.

    Raises
    ------
    InputError
        The loss that is named has no numbers.
    """
    from bptt_sym.evaluate import executable, source

    bind = meanings(setting.model, args.bind)
    model = executable(setting.model, bind)
    if args.loss is not None and args.loss not in model.totals:
        raise InputError(
            f"{args.loss} has no numbers in {model.name}", token=args.loss,
            hint="a loss is a total without unknown functions; without --loss the code takes "
            "the derivatives of any loss by the states",
        )  # fmt: skip
    return source(
        model,
        args.backend,
        loss=args.loss,
        bind=bind,
        wrt_inputs=args.inputs,
        float32=args.float32,
    )


def followed(args: argparse.Namespace, setting: Setting) -> FlowReport:
    """How the gradient flows through the run that the options describe.

    Raises
    ------
    InputError
        The run has no number of steps.
    """
    from bptt_sym.evaluate.gradient_flow import flow, scenario
    from bptt_sym.evaluate.weights import read_weights

    steps = horizon(args.T, any_number=False)
    assert steps is not None
    if args.scenario is not None:
        beside = {"a cell": args.cell or args.define or None, "--dim": args.dim or None,
                  "--bind": args.bind or None, "--option": args.option or None,
                  "--layer": args.layer, "--gain": args.gain, "--seed": args.seed}  # fmt: skip
        if given := [what for what, value in beside.items() if value is not None]:
            raise InputError(
                f"a scenario is a cell with all its numbers: it does not take {given[0]}"
            )
        return scenario(args.scenario, steps)
    model = setting.model
    return flow(
        model,
        steps,
        params=read_weights(args.weights) if args.weights else None,
        dims=dict(size(d) for d in args.dim),
        gain=1.0 if args.gain is None else args.gain,
        seed=args.seed or 0,
        bind=meanings(model, args.bind),
        layer=args.layer,
    )


__all__ = ["code", "followed"]
