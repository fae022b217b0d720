"""Compares what a built binary makes of the configurations in tests/golden/config with their goldens. The unit
tests do so with the code; this does it with the program that is shipped.

    golden.py --binary FILE
"""

import argparse
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
MARK = "--- effective\n"


def cases():
    """Those that one file alone decides, and that it may start with."""
    for folder in sorted((ROOT / "tests/golden/config").iterdir()):
        expected = (folder / "expected.txt").read_text()
        files = [path.name for path in folder.iterdir() if path.suffix in (".yaml", ".toml")]
        if MARK in expected and len(files) == 1 and not (folder / "env").exists() and not (folder / "set").exists():
            yield folder, files[0], expected.split(MARK)[1]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", type=pathlib.Path, required=True)
    binary = parser.parse_args().binary.resolve()
    count = 0
    for folder, file, expected in cases():
        said = subprocess.run([binary, "config", "--config", file], cwd=folder, capture_output=True, text=True, check=False, env={})
        if said.returncode != 0 or said.stdout != expected:
            sys.exit(f"{folder.name}: exit {said.returncode}\n{said.stdout}{said.stderr}")
        count += 1
    for path in sorted((ROOT / "config").rglob("*.yaml")):
        if path.name != "002-logging.yaml":  # stands beside another file
            said = subprocess.run([binary, "validate", "--config", path], capture_output=True, text=True, check=False, env={})
            if said.returncode != 0:
                sys.exit(f"{path}: exit {said.returncode}\n{said.stdout}{said.stderr}")
            count += 1
    if count < 10:
        sys.exit(f"only {count} files were found")
    print(f"{count} configurations mean what their goldens say")


if __name__ == "__main__":
    main()
