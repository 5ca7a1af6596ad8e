"""Translate a text with saved weights.

    python examples/pig_latin/translate.py "the air conditioning is working"
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from translator import load
from words import checked, pig_latin

from bptt_sym.errors import BpttError


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("text")
    parser.add_argument(
        "--weights", type=Path, default=Path(__file__).with_name("attention.npz")
    )  # fmt: skip
    parser.add_argument("--rule", action="store_true", help="also print what the rule says")
    args = parser.parse_args(argv)
    try:
        words = [checked(word) for word in args.text.lower().split()]
        made, params = load(args.weights)
    except BpttError as error:
        print(f"translate: {error}", file=sys.stderr)
        return 2
    print(" ".join(made.translate(params, [word])[0][0] for word in words))
    if args.rule:
        print(" ".join(map(pig_latin, words)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
