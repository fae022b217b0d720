"""Describes .proto files, and what they import, as one C++ array: what server reflection answers with.

    embed.py PROTOC FOLDER OUTPUT.cc DEPFILE FILE...      FILEs relative to FOLDER

The array is a serialized google.protobuf.FileDescriptorSet, imports first.
"""

import pathlib
import subprocess
import sys
import tempfile


def main(protoc, folder, output, depfile, *files):
    with tempfile.TemporaryDirectory() as scratch:
        described = pathlib.Path(scratch) / "set.pb"
        subprocess.run([protoc, f"--proto_path={folder}", "--include_imports", f"--descriptor_set_out={described}",
                        *files], check=True)
        data = described.read_bytes()
    read = " ".join(str(path) for path in sorted(pathlib.Path(folder).rglob("*.proto")))  # any may be imported
    pathlib.Path(depfile).write_text(f"{output}: {read}\n")
    rows = (", ".join(f"0x{byte:02x}" for byte in data[at:at + 16]) for at in range(0, len(data), 16))
    pathlib.Path(output).write_text(
        '#include "receiver/otlp/reflection.h"\n\n'
        "namespace gateway::receiver::otlp {\n\n"
        "const unsigned char kDescriptors[] = {\n    " + ",\n    ".join(rows) + "};\n"
        f"const std::size_t kDescriptorsSizeBytes = {len(data)};\n\n"
        "}  // namespace gateway::receiver::otlp\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
