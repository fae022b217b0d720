# What a developer has at hand: all that the build needs, and what `./dev` would otherwise install.
{
  mkShell,
  actionlint,
  ccache,
  clang-tools,
  gdb,
  git,
  kubernetes-helm,
  kustomize,
  otlp-service,
  python3,
  shellcheck,
  skopeo,
}:
mkShell {
  inputsFrom = [ otlp-service ];
  packages = [
    actionlint
    ccache
    clang-tools
    gdb
    git
    kubernetes-helm
    kustomize
    python3
    shellcheck
    skopeo
  ];
  env.DEV_SKIP_PACKAGES = "1"; # ./dev must not look for apt-get
}
