"""`make test`: the tests of trips and of all other systems, side by side, for both wait a lot.

The first are shown as they run, the others once those are done. Ctrl+C reaches both.
"""

import subprocess
import sys
import tempfile
from contextlib import suppress
from typing import IO

_SHOWN, _BESIDE = "tests", "systems"


def main() -> int:
    """Run both; return 0 if all passed."""
    with tempfile.TemporaryFile() as said:
        beside, shown = _started(_BESIDE, said), _started(_SHOWN, None)
        failed = [_ended(shown) != 0]
        print(f"\nThe tests of {_BESIDE}/, which run beside:", flush=True)
        failed.append(_ended(beside) != 0)
        said.seek(0)
        sys.stdout.write(said.read().decode(errors="replace"))
    return int(any(failed))


def _started(folder: str, output: IO[bytes] | None) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "pytest", folder], stdout=output)


def _ended(process: subprocess.Popen[bytes]) -> int:
    """Wait for its end, also after Ctrl+C, for it takes down what it has started."""
    while True:
        with suppress(KeyboardInterrupt):
            return process.wait()


if __name__ == "__main__":
    sys.exit(main())
