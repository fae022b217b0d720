"""Writes what the program is made of: SPDX 2.3, CycloneDX 1.5, and a licence report for people.

    sbom.py --build DIR --out DIR --architecture x86_64|aarch64 [--sysroot DIR] [--simdjson DIR]

The documents follow from the components alone: no time, no chance, no name of a machine. Their ids are made
of a digest of their contents.

Errors: exits 1 with what is missing, where something was linked whose origin or licence is unknown, or whose
licence is not one of ALLOWED.
"""

import argparse
import hashlib
import json
import pathlib
import sys
import uuid

import components

ROOT = pathlib.Path(__file__).resolve().parent.parent
NAME = "otlp-service"
LICENCE = "Apache-2.0"
HOME = "https://github.com/your-org/otlp-service"
EPOCH = "1970-01-01T00:00:00Z"  # as the image: a time would make every build another document
# What may be in a program that is given away under Apache-2.0. glibc's LGPL asks that a user can link anew:
# the sources and `./dev image` are that; libgcc and the kernel's headers come with their exceptions.
ALLOWED = {
    "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CC0-1.0", "MIT", "Zlib",
    "BSD-3-Clause OR GPL-2.0-only", "LGPL-2.1-or-later",
    "GPL-3.0-or-later WITH GCC-exception-3.1", "GPL-2.0-only WITH Linux-syscall-note",
}
SPDX_LINK = {"static": "STATIC_LINK", "dynamic": "DYNAMIC_LINK", "headers": "BUILD_DEPENDENCY_OF"}


def identity(found, version, architecture):
    """A digest that differs when anything in the documents does."""
    text = json.dumps([version, architecture, [vars(one) for one in found]], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def spdx(found, version, architecture):
    def package(identifier, name, its_version, licence, purl, linkage):
        return {
            "SPDXID": identifier, "name": name, "versionInfo": its_version, "downloadLocation": "NOASSERTION",
            "filesAnalyzed": False, "licenseConcluded": licence, "licenseDeclared": licence,
            "copyrightText": "NOASSERTION", "supplier": "NOASSERTION",
            **({"comment": f"linkage: {linkage}"} if linkage else {}),
            "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
                              "referenceLocator": purl}],
        }

    root = "SPDXRef-otlp-service"
    relations = [{"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": root}]
    packages = [package(root, NAME, version, LICENCE, own_purl(version), "")]
    for one in found:
        identifier = f"SPDXRef-{one.name}-{hashlib.sha256(one.purl.encode()).hexdigest()[:8]}"
        packages.append(package(identifier, one.name, one.version, one.licence, one.purl, one.linkage))
        ends = (identifier, root) if one.linkage == "headers" else (root, identifier)
        relations.append({"spdxElementId": ends[0], "relationshipType": SPDX_LINK[one.linkage],
                          "relatedSpdxElement": ends[1]})
    return {
        "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"{NAME}-{version}-{architecture}",
        "documentNamespace": f"{HOME}/spdx/{identity(found, version, architecture)}",
        "creationInfo": {"created": EPOCH, "creators": [f"Tool: {NAME}-image-sbom"]},
        "packages": packages, "relationships": relations,
    }


def own_purl(version):
    return f"pkg:github/your-org/{NAME}@{version}"


def cyclonedx(found, version, architecture):
    root = {"type": "application", "bom-ref": own_purl(version), "name": NAME, "version": version,
            "purl": own_purl(version), "licenses": [{"license": {"id": LICENCE}}]}
    return {
        "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "serialNumber": "urn:uuid:" + str(uuid.uuid5(uuid.NAMESPACE_URL, identity(found, version, architecture))),
        "metadata": {"timestamp": EPOCH, "component": root,
                     "properties": [{"name": "architecture", "value": architecture}]},
        "components": [{
            "type": "library", "bom-ref": one.purl, "name": one.name, "version": one.version, "purl": one.purl,
            "licenses": [{"expression": one.licence} if " " in one.licence else {"license": {"id": one.licence}}],
            "properties": [{"name": "linkage", "value": one.linkage}],
        } for one in found],
        "dependencies": [{"ref": own_purl(version), "dependsOn": [one.purl for one in found]},
                         *({"ref": one.purl} for one in found)],
    }


def report(found, version):
    lines = [f"{NAME} {version} is {LICENCE}. What is in the binary besides:", ""]
    width = max(len(one.name) for one in found)
    longest = max(len(one.version) for one in found)
    lines += [f"{one.name:{width}}  {one.version:{longest}}  {one.linkage:8}{one.licence}" for one in found]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--architecture", choices=["x86_64", "aarch64"], required=True)
    parser.add_argument("--sysroot", type=pathlib.Path)
    parser.add_argument("--simdjson", type=pathlib.Path)
    options = parser.parse_args()
    version = (ROOT / "VERSION").read_text().strip()
    try:
        found = components.find(options.build, options.sysroot, options.simdjson)
    except components.UnknownOrigin as unknown:
        sys.exit(f"sbom: {unknown}")
    refused = [f"{one.name} ({one.licence})" for one in found if one.licence not in ALLOWED]
    if refused:
        sys.exit(f"sbom: a licence that ALLOWED in image/sbom.py does not name: {', '.join(refused)}")
    options.out.mkdir(parents=True, exist_ok=True)
    for name, document in (("spdx", spdx), ("cdx", cyclonedx)):
        text = json.dumps(document(found, version, options.architecture), indent=1, sort_keys=True)
        (options.out / f"{NAME}.{name}.json").write_text(text + "\n")
    (options.out / "licences.txt").write_text(report(found, version))


if __name__ == "__main__":
    main()
