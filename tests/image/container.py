"""A container without a runtime: the image unpacked by umoci, its program started by enter.py."""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import threading

import gateway

HERE = pathlib.Path(__file__).resolve().parent
CONFIG = "/etc/otlp-service/otlp-service.yaml"


def said(*command, **more):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, **more)
    assert done.returncode == 0, f"{' '.join(map(str, command))}: exit {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def missing_programs(*names):
    return [name for name in names if not shutil.which(name)]


def unpack(archive, folder, architecture=None):
    """The root that a runtime would mount: skopeo copies, umoci unpacks."""
    choice = ["--override-arch", architecture] if architecture else []
    said("skopeo", "--insecure-policy", *choice, "copy", "--quiet", f"oci-archive:{archive}", f"oci:{folder}/layout:test")
    said("umoci", "unpack", "--image", f"{folder}/layout:test", f"{folder}/bundle")
    return pathlib.Path(folder) / "bundle" / "rootfs"


def command(root, user, data, arguments, files=(), network=False):
    """The command line that starts `arguments` in the image; `network`: in a namespace where only lo is."""
    mounts = [word for outside, inside in files for word in ("--file", f"{outside}:{inside}")]
    enter = [sys.executable, str(HERE / "enter.py"), str(root), str(user), str(data), *mounts, "--", *arguments]
    if not network:
        return ["unshare", "--mount", *enter]
    return ["unshare", "--mount", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", *enter]


class Container(gateway.Gateway):
    """A Gateway that runs in the image; its configuration is mounted where the image looks for one."""

    def __init__(self, root, directory, config, exporters=None, user=65532, files=(), **changes):
        self.root, self.user, self.files = root, user, list(files)
        self.environment = dict(pair.split("=", 1) for pair in config["Env"])
        self.arguments = [*config["Entrypoint"], *config["Cmd"]]
        self.data = pathlib.Path(directory) / "volume"
        self.data.mkdir(parents=True)
        os.chown(self.data, user, user)
        changes = gateway.merged({"storage": {"directory": "/data"}}, changes)
        super().__init__(directory, exporters, **changes)

    def start(self, *arguments, ready=True):
        self.lines, self.addresses = [], {}
        self.config_file.chmod(0o444)
        line = command(self.root, self.user, self.data, [*self.arguments, *arguments], [(self.config_file, CONFIG), *self.files])
        self.process = subprocess.Popen(line, env=self.environment | {"PATH": os.environ["PATH"]}, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace")
        self._reader = threading.Thread(target=self._read_log, args=(self.process,), daemon=True)
        self._reader.start()
        if ready:
            self.wait_ready()
        return self

    def status(self):
        """/proc/<pid>/status as a dict."""
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)


def end(process):
    """Ends a process that the test started, and all in its group."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
