# What `nix flake check` builds. Each is one command that also runs without Nix.
{
  lib,
  runCommand,
  git,
  kubernetes-helm,
  kustomize,
  python3,
  shellcheck,
  otlp-service,
  static,
  image,
}:
let
  source = ../.; # what git tracks: the flake's own copy
  python = python3.withPackages (ps: [
    ps.pytest
    ps.pytest-timeout
    ps.pyyaml
  ]);
  check =
    name: inputs: script:
    runCommand "otlp-service-check-${name}" { nativeBuildInputs = [ python ] ++ inputs; } ''
      cp -r ${source} source
      chmod -R u+w source
      cd source
      export HOME=$PWD PYTHONDONTWRITEBYTECODE=1
      ${script}
      touch $out
    '';
in
{
  # doCheck: its build is the run of the unit tests, configuration goldens among them.
  unit = otlp-service;
  inherit static;

  # Every file of config/ is taken, and what it means is what the golden file says.
  golden = check "golden" [ ] ''
    python3 tests/image/golden.py --binary ${lib.getExe otlp-service}
  '';

  # Without what needs a build or the formatter, of which nixpkgs no longer has the version in use.
  lint = check "lint" [
    git
    shellcheck
  ] ''
    git init --quiet && git add --all
    python3 -m pytest -c tests/pytest.ini --rootdir=. -q -p no:cacheprovider --confcutdir=tests/lint tests/lint -k "not formatted and not compiles_alone"
  '';

  # The overlays and chart examples, rendered by the package set's own tools, against their goldens.
  gitops = check "gitops" [
    kubernetes-helm
    kustomize
  ] ''
    python3 tests/image/rendered.py
  '';

  # The image's list of files, and a program out of it that takes and keeps real OTLP.
  image = check "image" [ ] ''
    python3 tests/image/smoke.py --image ${image}
  '';
}
