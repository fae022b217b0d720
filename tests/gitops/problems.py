"""What a gate says of a mistake: the file and line to look at, and what is wrong there."""

import dataclasses
import pathlib


@dataclasses.dataclass(frozen=True, order=True)
class Problem:
    file: str  # from the root that was checked
    line: int
    message: str

    def __str__(self):
        return f"{self.file}:{self.line}: {self.message}"


def problem(root, file, line, message):
    file = pathlib.Path(file).resolve()
    root = pathlib.Path(root).resolve()
    return Problem(str(file.relative_to(root)) if file.is_relative_to(root) else str(file), line, message)


def report(problems):
    return "\n".join(str(found) for found in sorted(set(problems)))
