"""What a build reads is in nix/source.nix: Nix sees nothing else."""

import re

import tree


def test_what_meson_names_is_in_the_source_of_nix():
    seen = re.findall(r"^ *\.\./(\S+)$", tree.text("nix/source.nix"), re.M)
    named = {}
    for path in tree.files():
        if path.name == "meson.build":
            for name in re.findall(r"meson\.project_source_root\(\) ((?:/ *'[^']+' *)+)", tree.text(path)):
                named["/".join(re.findall(r"'([^']+)'", name))] = path
    assert "docs/configuration.md" in named
    missing = [f"{name}, which {path} names" for name, path in named.items()
               if not any(name == one or name.startswith(one + "/") for one in seen)]
    assert not missing, missing
