"""The process in which one parser is fed; ``fuzz`` starts it.

python -m campaigns._fuzzed PARSER [libFuzzer's own words]
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["strongroom"]):
    from campaigns._parsers import PARSERS
    from strongroom.errors import StrongroomError


def main() -> None:
    """Feed the parser until libFuzzer is done; it ends the process itself."""
    name, *words = sys.argv[1:]
    parse = PARSERS[name]

    def feed(data: bytes) -> None:
        try:
            parse(data)
        except StrongroomError:
            return

    atheris.Setup([sys.argv[0], *words], feed)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
