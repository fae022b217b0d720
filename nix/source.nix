# The files that a build reads: what is not here cannot change the binary. Only tests read documents and
# goldens, so a build without tests does not see them.
{
  lib,
  withTests ? true,
}:
lib.fileset.toSource {
  root = ../.;
  fileset = lib.fileset.unions (
    [
      ../LICENSE
      ../VERSION
      ../bench/meson.build
      ../config/otlp-service.yaml
      ../image/components.py
      ../image/licences.json
      ../image/sbom.py
      ../meson.build
      ../meson_options.txt
      ../proto
      ../src
      ../subprojects/otlpview
      ../tests/crash/meson.build
      ../tests/meson.build
      ../tests/property/meson.build
    ]
    ++ lib.optionals withTests [
      ../config
      ../docs
      ../tests/crash
      ../tests/golden/collector_settings.tsv
      ../tests/golden/config
      ../tests/property
    ]
  );
}
