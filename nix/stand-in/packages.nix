# nixpkgs' names over the host's own tools. Everything is built by /bin/bash in Nix's sandbox, in which
# the host's /usr, read-only, is all that is seen of the machine (see ../offline.sh).
{
  lib,
  system,
  cross ? null, # the platform's name where it is not the machine's
  isStatic ? false,
}:
let
  # Versions of the host's packages, written by ../offline.sh. Part of every derivation: another
  # toolchain is another build.
  host = [ ./host.txt ] ++ lib.optional (cross != null) ./sysroot.txt;
  cpu = builtins.head (builtins.match "([^-]+)-linux" (if cross == null then system else cross));

  build =
    name: attrs:
    derivation (
      {
        inherit name system host;
        builder = "/bin/bash";
        args = [ "-eu" ./setup.sh ];
        PATH = "/usr/bin:/usr/sbin:/tools";
        LC_ALL = "C.UTF-8";
        TZ = "UTC";
      }
      // attrs
    );

  # A tool or library that the host has by a Debian package; the placeholder is built only where its
  # file is there.
  ofHost =
    name: file: debian:
    build name { inherit debian file; phase = "host"; }
    // {
      pname = name;
      meta = { };
      override = _: ofHost name file debian;
    };
  library = name: module: debian: ofHost name "pkg-config:${module}" debian;
  header = name: path: debian: ofHost name "/usr/include/${path}" debian;
  program = name: debian: ofHost name "program:${name}" debian;

  stdenv = {
    hostPlatform = {
      inherit isStatic;
      system = "${cpu}-linux";
      isGnu = true;
      isMusl = false;
      parsed.cpu.name = cpu;
    };
    buildPlatform = if cross == null then stdenv.hostPlatform else stdenv.hostPlatform // { inherit system; };
    mkDerivation =
      given:
      let
        attrs = if builtins.isFunction given then given (attrs // { finalPackage = made; }) else given;
        # What has a meaning for nixpkgs only; lists and strings alike become plain variables.
        dropped = [ "__structuredAttrs" "env" "meta" "passthru" "separateDebugInfo" "strictDeps" ];
        debug = attrs.separateDebugInfo or false;
        made = build "${attrs.pname}-${attrs.version}" (
          removeAttrs attrs dropped
          // (attrs.env or { })
          // {
            inherit cpu isStatic;
            cross = cross != null;
            outputs = (attrs.outputs or [ "out" ]) ++ lib.optional debug "debug";
            phase = "meson";
          }
        );
      in
      made // { inherit stdenv; inherit (attrs) meta pname version; buildInputs = attrs.buildInputs or [ ]; nativeBuildInputs = attrs.nativeBuildInputs or [ ]; };
  };

  packages = {
    inherit lib stdenv system;
    callPackage = lib.callPackageWith packages;
    pkgsStatic = import ./packages.nix { inherit lib system cross; isStatic = true; };
    pkgsCross.aarch64-multiplatform = import ./packages.nix { inherit lib system isStatic; cross = "aarch64-linux"; };

    # --- what the service is made of --------------------------------------------------------------
    boost = header "boost" "boost/asio.hpp" "libboost1.81-dev";
    cli11 = library "cli11" "CLI11" "libcli11-dev";
    fmt = library "fmt" "fmt" "libfmt-dev";
    grpc = library "grpc" "grpc++" "libgrpc++-dev";
    gtest = library "gtest" "gtest" "libgtest-dev";
    jemalloc = library "jemalloc" "jemalloc" "libjemalloc-dev";
    libdeflate = library "libdeflate" "libdeflate" "libdeflate-dev";
    nghttp2 = library "nghttp2" "libnghttp2" "libnghttp2-dev";
    openssl = library "openssl" "openssl" "libssl-dev";
    protobuf = library "protobuf" "protobuf" "libprotobuf-dev protobuf-compiler";
    re2 = library "re2" "re2" "libre2-dev";
    spdlog = library "spdlog" "spdlog" "libspdlog-dev";
    tl-expected = header "tl-expected" "tl/expected.hpp" "libexpected-dev";
    tomlplusplus = library "tomlplusplus" "tomlplusplus" "libtomlplusplus-dev";
    yaml-cpp = library "yaml-cpp" "yaml-cpp" "libyaml-cpp-dev";
    zlib = library "zlib" "zlib" "zlib1g-dev";
    zstd = library "zstd" "libzstd" "libzstd-dev";
    # Debian has no static library of it, so its source is compiled by the project.
    simdjson =
      if isStatic then
        build "simdjson-source" { phase = "script"; script = "cp -r ${./simdjson} $out"; } // { isSource = true; }
      else
        library "simdjson" "simdjson" "libsimdjson-dev";

    # --- tools ------------------------------------------------------------------------------------
    meson = program "meson" "meson";
    ninja = program "ninja" "ninja-build";
    pkg-config = program "pkg-config" "pkg-config";
    git = program "git" "git";
    shellcheck = program "shellcheck" "shellcheck";
    skopeo = program "skopeo" "skopeo";
    actionlint = ofHost "actionlint" "" "";
    ccache = program "ccache" "ccache";
    clang-tools = ofHost "clang-tools" "" "";
    gdb = ofHost "gdb" "" "";
    nixfmt = ofHost "nixfmt" "" "";
    kustomize = ofHost "kustomize" "/tools/kustomize" "by: ./dev test gitops";
    kubernetes-helm = ofHost "helm" "/tools/helm" "by: ./dev test gitops";
    python3 = program "python3" "python3" // {
      withPackages = _: ofHost "python3-with-pytest" "program:pytest-3" "python3-pytest python3-pytest-timeout python3-yaml";
    };
    cacert = build "cacert" {
      phase = "script";
      script = ''
        mkdir -p $out/etc/ssl/certs
        cat $(find /usr/share/ca-certificates/mozilla -name '*.crt' | LC_ALL=C sort) > $out/etc/ssl/certs/ca-bundle.crt
      '';
    };

    # --- builders ---------------------------------------------------------------------------------
    runCommand = name: attrs: script: build name { inherit script; phase = "script"; } // (attrs.passthru or { });
    writeShellScriptBin =
      name: text:
      build name {
        phase = "script";
        text = "#!/bin/bash\n${text}";
        script = ''
          mkdir -p $out/bin
          printf '%s' "$text" > $out/bin/${name}
          chmod +x $out/bin/${name}
        '';
      }
      // { meta.mainProgram = name; };
    mkShell = { inputsFrom ? [ ], packages ? [ ], ... }: build "shell" {
      phase = "script";
      script = "touch $out";
      inherit packages;
      needs = builtins.concatMap (package: package.nativeBuildInputs ++ package.buildInputs) inputsFrom;
    };
  };
in
packages
