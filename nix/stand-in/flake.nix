{
  description = "Stands in for nixpkgs: the host's Debian toolchain behind nixpkgs' names";

  outputs =
    { self }:
    let
      lib = import ./lib.nix;
    in
    {
      inherit lib;
      # Only the machine's own system can be built; the other one is evaluated.
      legacyPackages = lib.genAttrs [ "x86_64-linux" "aarch64-linux" ] (
        system: import ./packages.nix { inherit lib system; }
      );
    };
}
