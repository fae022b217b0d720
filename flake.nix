{
  description = "otlp-service: a lean, durable OTLP gateway";

  # The only input, pinned by flake.lock. nix/offline.sh puts a stand-in of the same names in its place.
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";

  outputs =
    { self, nixpkgs }:
    let
      inherit (nixpkgs) lib;
      systems = [
        "x86_64-linux"
        "aarch64-linux"
      ];
      eachSystem = f: lib.genAttrs systems (system: f nixpkgs.legacyPackages.${system});
      own = pkgs: self.packages.${pkgs.stdenv.hostPlatform.system};

      # The commit goes into the image's label, never into the binary: the same sources are the same
      # bytes, whichever commit holds them.
      revision = self.rev or "unknown";
      imageOf =
        pkgs: service:
        pkgs.callPackage ./nix/image.nix {
          inherit revision;
          otlp-service = service;
          inherit (service.stdenv) hostPlatform;
        };
    in
    {
      overlays.default = final: _prev: {
        otlp-service = final.callPackage ./nix/package.nix { };
      };

      packages = eachSystem (
        pkgs:
        let
          default = pkgs.callPackage ./nix/package.nix { };
          static = pkgs.pkgsStatic.callPackage ./nix/package.nix { };
        in
        {
          inherit default static;
          inherit (static) sbom;
          image = imageOf pkgs static;
        }
        // lib.optionalAttrs (pkgs.stdenv.hostPlatform.system == "x86_64-linux") (
          let
            static-arm64 = pkgs.pkgsCross.aarch64-multiplatform.pkgsStatic.callPackage ./nix/package.nix { };
            image-arm64 = imageOf pkgs static-arm64;
          in
          {
            inherit static-arm64 image-arm64;
            image-index = pkgs.callPackage ./nix/image-index.nix {
              images = [
                (imageOf pkgs static)
                image-arm64
              ];
            };
          }
        )
      );

      checks = eachSystem (
        pkgs:
        pkgs.callPackage ./nix/checks.nix {
          otlp-service = (own pkgs).default;
          inherit (own pkgs) static image;
        }
      );

      apps = eachSystem (
        pkgs:
        let
          app = program: text: {
            type = "app";
            inherit program;
            meta.description = text;
          };
        in
        {
          default = app (lib.getExe (own pkgs).default) "the service on its built-in default";
          test = app (lib.getExe (pkgs.callPackage ./nix/test-app.nix { })) "./dev test on this checkout";
        }
      );

      devShells = eachSystem (pkgs: {
        default = pkgs.callPackage ./nix/shell.nix { otlp-service = (own pkgs).default; };
      });

      formatter = eachSystem (pkgs: pkgs.nixfmt);
    };
}
