# `nix run .#test`: the default suites, in the checkout that it is called in.
{ writeShellScriptBin }:
writeShellScriptBin "otlp-service-test" ''
  if [ ! -x ./dev ]; then
    echo "nix run .#test: call it in a checkout of otlp-service" >&2
    exit 1
  fi
  exec ./dev test "$@"
''
