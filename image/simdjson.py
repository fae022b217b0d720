"""Unpacks simdjson.h and simdjson.cpp of the installed libsimdjson-dev's source: Debian has it as a shared
library only, and a static binary compiles it in.

    simdjson.py --to DIR

By apt-get, from the machine's own mirrors and with its signatures, without touching the machine's lists:
they need no deb-src line, and this no root. A folder that already holds the right version is left as it is.
"""

import argparse
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile

FILES = ("simdjson.h", "simdjson.cpp")


def run(command, **more):
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, **more)


def said(command, **more):
    done = run(command, **more)
    if done.returncode != 0:
        sys.exit(f"simdjson: {' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def fetch(version, to):
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        sources = said(["apt-get", "indextargets", "--format", "deb-src $(REPO_URI) $(RELEASE) $(COMPONENT)",
                        "Created-By: Packages"])
        (work / "sources.list").write_text("\n".join(sorted(set(sources.splitlines()))) + "\n")
        for part in ("lists/partial", "cache/archives/partial"):
            (work / part).mkdir(parents=True)
        own = ["apt-get", "-qq", "-o", f"Dir::Etc::SourceList={work}/sources.list", "-o",
               "Dir::Etc::SourceParts=/dev/null", "-o", f"Dir::State::Lists={work}/lists", "-o",
               f"Dir::Cache={work}/cache", "-o", "APT::Sandbox::User="]
        # A mirror that does not answer is no error of `update`, for another may have what is wanted.
        updated = run([*own, "update"])
        done = run([*own, "source", "--download-only", f"simdjson={version}"], cwd=work)
        if done.returncode != 0:
            sys.exit(f"simdjson: no mirror of this machine gave the source of simdjson {version}; is there a network?\n"
                     f"{updated.stderr}{done.stderr}")
        archive, = work.glob("simdjson_*.orig.tar.*")
        to.mkdir(parents=True, exist_ok=True)
        with tarfile.open(archive) as tar:
            for info in tar:
                path = pathlib.PurePath(info.name)
                if path.parts[1:2] == ("singleheader",) and path.name in FILES:
                    with tar.extractfile(info) as source, open(to / path.name, "wb") as out:
                        shutil.copyfileobj(source, out)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--to", type=pathlib.Path, required=True)
    options = parser.parse_args()
    version = said(["dpkg-query", "-W", "-f", "${source:Version}", "libsimdjson-dev"])
    stamp = options.to / "VERSION"
    if stamp.exists() and stamp.read_text() == version and all((options.to / name).exists() for name in FILES):
        return
    fetch(version, options.to)
    missing = [name for name in FILES if not (options.to / name).exists()]
    if missing:
        sys.exit(f"simdjson: its source has no singleheader/{missing[0]}")
    stamp.write_text(version)


if __name__ == "__main__":
    main()
