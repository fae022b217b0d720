# The service. Three outputs: `out` the binary, `debug` its debug information by build id, `sbom` what
# was linked into it. The same file makes the static PIE when pkgsStatic calls it.
{
  lib,
  stdenv,
  boost,
  cli11,
  fmt,
  grpc,
  gtest,
  jemalloc,
  libdeflate,
  meson,
  nghttp2,
  ninja,
  openssl,
  pkg-config,
  protobuf,
  python3,
  re2,
  simdjson,
  spdlog,
  tl-expected,
  tomlplusplus,
  yaml-cpp,
  zlib,
  zstd,
  # Unit tests run in the build. The static build is the same code, so once is enough.
  withTests ? !stdenv.hostPlatform.isStatic && stdenv.buildPlatform == stdenv.hostPlatform,
}:
let
  inherit (stdenv.hostPlatform) isStatic;
in
stdenv.mkDerivation (finalAttrs: {
  pname = "otlp-service";
  version = lib.fileContents ../VERSION;
  src = import ./source.nix { inherit lib withTests; };

  outputs = [
    "out"
    "sbom"
  ];
  strictDeps = true;
  __structuredAttrs = true;
  separateDebugInfo = true;
  enableParallelBuilding = true;

  nativeBuildInputs = [
    meson
    ninja
    pkg-config
    protobuf
    python3
  ];
  buildInputs = [
    boost
    cli11
    fmt
    grpc
    jemalloc
    libdeflate
    nghttp2
    openssl
    protobuf
    re2
    simdjson
    spdlog
    tl-expected
    tomlplusplus
    yaml-cpp
    zlib
    zstd
  ];
  checkInputs = [ gtest ];

  # Meson asks these for Boost, which has no pkg-config file.
  env = {
    BOOST_INCLUDEDIR = "${lib.getDev boost}/include";
    BOOST_LIBRARYDIR = "${lib.getLib boost}/lib";
  };

  mesonBuildType = "debugoptimized"; # what ./dev bench measures
  mesonFlags = [
    (lib.mesonBool "shipped" true)
    # A compiler that the project has not met yet may warn; that must not stop a user's build.
    (lib.mesonBool "werror" false)
    (lib.mesonBool "otlpview:werror" false)
    (lib.mesonBool "tests" withTests)
    (lib.mesonOption "revision" "unknown")
    (lib.mesonBool "prefer_static" isStatic)
    # glibc: the project makes the static PIE. musl: pkgsStatic's compiler links statically by itself.
    (lib.mesonBool "static_pie" (isStatic && stdenv.hostPlatform.isGnu))
  ];

  doCheck = withTests;
  mesonCheckFlags = [ "--suite=unit" ];

  # Before the strip: what the linker took, by its own map.
  postInstall = ''
    python3 ../image/sbom.py --build . --out "$sbom" \
      --architecture ${stdenv.hostPlatform.parsed.cpu.name} ''${SBOM_FLAGS:-}
  '';

  meta = {
    description = "Durable OTLP gateway: acknowledges what is stored, delivers to each destination at its pace";
    license = lib.licenses.asl20;
    platforms = lib.platforms.linux;
    mainProgram = "otlp-service";
  };
})
