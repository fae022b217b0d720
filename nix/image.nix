# The image: one OCI layout in a tar file, `skopeo copy oci-archive:result ...` pushes it. Written by
# image/oci.py in one pass, so that files lie where a reader expects them and not in a store.
{
  lib,
  runCommand,
  cacert,
  python3,
  otlp-service,
  hostPlatform,
  revision ? "unknown",
}:
let
  architecture =
    {
      x86_64 = "amd64";
      aarch64 = "arm64";
    }
    .${hostPlatform.parsed.cpu.name};
  source = lib.fileset.toSource {
    root = ../.;
    fileset = lib.fileset.unions [
      ../LICENSE
      ../config/container.yaml
      ../image
    ];
  };
in
runCommand "otlp-service-${otlp-service.version}-${architecture}.oci.tar"
  {
    nativeBuildInputs = [ python3 ];
    passthru = { inherit architecture; };
  }
  ''
    python3 ${source}/image/oci.py --binary ${lib.getExe otlp-service} \
      --ca-certificates ${cacert}/etc/ssl/certs/ca-bundle.crt --sbom ${otlp-service.sbom} \
      --architecture ${architecture} --version ${otlp-service.version} --revision ${revision} --out $out
  ''
