"""docs/capacity.md follows from the measurements in docs/performance.md."""

import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def test_the_tables_of_capacity_follow_from_the_measurements():
    said = subprocess.run([sys.executable, str(ROOT / "bench" / "capacity.py"), "--check"], capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
