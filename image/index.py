"""One image for several platforms: an OCI index over the images that oci.py wrote.

    index.py --out FILE IMAGE...
"""

import argparse

import oci


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", required=True)
    parser.add_argument("images", nargs="+")
    options = parser.parse_args()
    descriptors, blobs, tags = [], {}, set()
    for path in options.images:
        found, more, tag = oci.read_layout(path)
        descriptors += found
        blobs |= more
        tags.add(tag)
    if len(tags) != 1:
        parser.error(f"images of different versions: {', '.join(sorted(tags))}")
    platforms = [d["platform"]["architecture"] for d in descriptors]
    if len(set(platforms)) != len(platforms):
        parser.error(f"a platform twice: {', '.join(platforms)}")
    descriptors.sort(key=lambda d: d["platform"]["architecture"])
    print(oci.write_layout(options.out, descriptors, blobs, tags.pop()))


if __name__ == "__main__":
    main()
