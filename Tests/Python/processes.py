"""Python run in processes of its own."""

import os
import subprocess
import sys
from pathlib import Path
from typing import List


def printed_by_instruction_set(*arguments: object) -> List[str]:
    """What Python prints, given these arguments, where the library may use the baseline's instructions, AVX2, AVX-512; a
    machine that lacks some takes the best it has."""
    return [
        subprocess.run(
            [sys.executable, *map(str, arguments)], env={**os.environ, "AEZ_CPU": level},
            cwd=Path(__file__).parent, stdout=subprocess.PIPE, text=True, check=True,
        ).stdout
        for level in ("0", "3", "4")
    ]  # fmt: skip
