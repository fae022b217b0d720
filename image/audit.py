"""Asks osv.dev for known vulnerabilities of what was linked, by the SBOM of `./dev image`.

    audit.py SBOM.cdx.json... [--url URL]

Exits 1 where Debian has a fixed version of something that is in the binary: build again on an updated machine.
What is known but not fixed anywhere is listed, and is no failure: no build of ours could do better.
"""

import argparse
import json
import pathlib
import re
import sys
import urllib.request

PURL = re.compile(r"pkg:deb/debian/(?P<name>[^@]+)@(?P<version>[^?]+)")


def ask(url, question=None):
    data = None if question is None else json.dumps(question).encode()
    request = urllib.request.Request(url, data=data, headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def debian_components(paths):
    found = set()
    for path in paths:
        for component in json.loads(path.read_text())["components"]:
            match = PURL.match(component["purl"])
            linkage = {one["name"]: one["value"] for one in component["properties"]}["linkage"]
            if match and linkage != "headers":
                found.add((match["name"], match["version"].replace("%2B", "+").replace("%3A", ":")))
    return sorted(found)


def fixed_in(vulnerability, name, ecosystem):
    for affected in vulnerability.get("affected", []):
        package = affected.get("package", {})
        if package.get("name") == name and package.get("ecosystem") == ecosystem:
            for span in affected.get("ranges", []):
                for event in span.get("events", []):
                    if "fixed" in event:
                        return event["fixed"]
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sboms", type=pathlib.Path, nargs="+")
    parser.add_argument("--url", default="https://api.osv.dev")
    parser.add_argument("--ecosystem", default="Debian:12")
    options = parser.parse_args()
    parts = debian_components(options.sboms)
    queries = [{"package": {"ecosystem": options.ecosystem, "name": name}, "version": version} for name, version in parts]
    try:
        results = ask(f"{options.url}/v1/querybatch", {"queries": queries})["results"]
        to_do, known = [], []
        for (name, version), result in zip(parts, results, strict=True):
            for short in result.get("vulns", []):
                fixed = fixed_in(ask(f"{options.url}/v1/vulns/{short['id']}"), name, options.ecosystem)
                (to_do if fixed else known).append(f"{short['id']}  {name} {version}" + (f", fixed in {fixed}" if fixed else ""))
    except OSError as error:
        sys.exit(f"audit: {options.url}: {error}")
    print(f"{len(parts)} linked components, {len(to_do)} with a fix that is not in, {len(known)} known without a fix")
    print("\n".join([*("  fix: " + line for line in to_do), *("  known: " + line for line in known)]))
    sys.exit(1 if to_do else 0)


if __name__ == "__main__":
    main()
