"""The client program of each language: how to build it, and how to start it."""

import json
import subprocess
import sys

import toolbox
from toolbox import HERE, ROOT

LANGUAGES = ("go", "java", "javascript", "python")


@toolbox.made_once("go-client", sorted((HERE / "go").glob("*")))
def _go(folder):
    toolbox.run([toolbox.go(), "build", "-o", folder / "client", "."], cwd=HERE / "go", env=toolbox.go_environment())


@toolbox.made_once("java-client", [HERE / "java/pom.xml", *sorted((HERE / "java/src").rglob("*.java"))])
def _java(folder):
    toolbox.run(["mvn", "-q", "-B", "-f", HERE / "java/pom.xml", "dependency:copy-dependencies", f"-DoutputDirectory={folder}/lib"])
    toolbox.run(["javac", "--release", "17", "-encoding", "UTF-8", "-cp", f"{folder}/lib/*", "-d", folder / "classes",
                 *sorted((HERE / "java/src").rglob("*.java"))])


@toolbox.made_once("javascript-client", sorted(one for one in (HERE / "javascript").glob("*") if one.is_file()))
def _javascript(folder):
    for source in (HERE / "javascript").glob("*"):
        if source.is_file():
            (folder / source.name).write_bytes(source.read_bytes())
    toolbox.run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=folder)


def command(language):
    if language == "go":
        return [_go() / "client"]
    if language == "java":
        return ["java", "-XX:TieredStopAtLevel=1", "-cp", f"{_java()}/classes:{_java()}/lib/*", "client.Main"]
    if language == "javascript":
        return ["node", _javascript() / "main.js"]
    return [sys.executable, HERE / "sdk_python.py"]


def export(language, protocol, coding, endpoint):
    """Runs the SDK client to its end; it fails when the SDK gave up on something."""
    said = subprocess.run([*map(str, command(language)), "export", protocol, coding, endpoint], capture_output=True, text=True,
                          check=False, timeout=90, stdin=subprocess.DEVNULL)
    assert said.returncode == 0, said.stdout + said.stderr
    assert "Exception" not in said.stderr and "failed" not in said.stderr.lower(), said.stderr


class Caller:
    """A gRPC client program that runs: `said` reads its next JSON line."""

    def __init__(self, language, mode, endpoint):
        protos = [ROOT / "proto"] if language == "javascript" else []
        self.process = subprocess.Popen([*map(str, command(language)), mode, endpoint, *map(str, protos)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def said(self):
        line = self.process.stdout.readline()
        assert line, f"the client ended: {self.process.wait()} {self.process.stderr.read()[-3000:]}"
        return json.loads(line)

    def end(self):
        """Tells it to stop, and returns what it says last."""
        self.process.stdin.close()
        last = self.said()
        assert self.process.wait(60) == 0, self.process.stderr.read()[-3000:]
        return last

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
