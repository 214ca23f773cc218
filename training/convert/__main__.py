"""Turns a published checkpoint with pickled weights into one the server loads.

    python3 -m training.convert DIR OUT                                 pytorch_model.bin (also sharded), adapters, Bitune
    python3 -m training.convert DIR OUT --base GPT2                     ICoT-SI: config.json and state_dict.bin
    python3 -m training.convert STUDENT OUT --emulator DIR --base GPT2  ICoT-KD

No code of the files is run: a pickle that asks for anything but tensors is refused.
"""

import argparse
import sys

from .folders import convert


def main(given: list[str] | None = None) -> int:
    """Runs the command; returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="python3 -m training.convert", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source")
    parser.add_argument("out", help="a new folder")
    parser.add_argument("--base", help="folder of the base model (config.json, tokenizer) of an ICoT release")
    parser.add_argument("--emulator", help="folder of an ICoT-KD emulator; the source is then the student")
    chosen = parser.parse_args(given)
    try:
        for name in convert(chosen.source, chosen.out, chosen.base, chosen.emulator):
            print(name)
    except (OSError, ValueError) as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
