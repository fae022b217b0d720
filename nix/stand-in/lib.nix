# The functions of nixpkgs' lib that this project's Nix files call, and no others: a name that is not
# here fails at once, so what the project uses of nixpkgs stays small and known.
let
  inherit (builtins) all any attrNames concatMap elem filter isPath listToAttrs readDir replaceStrings stringLength substring;
in
rec {
  # --- values -----------------------------------------------------------------------------------
  genAttrs = names: value: listToAttrs (map (name: { inherit name; value = value name; }) names);
  optional = condition: value: if condition then [ value ] else [ ];
  optionals = condition: values: if condition then values else [ ];
  optionalAttrs = condition: attrs: if condition then attrs else { };
  optionalString = condition: text: if condition then text else "";
  hasPrefix = prefix: text: substring 0 (stringLength prefix) text == prefix;
  fileContents = path: replaceStrings [ "\n" ] [ "" ] (builtins.readFile path);

  # --- packages ---------------------------------------------------------------------------------
  getExe = package: "${package}/bin/${package.meta.mainProgram or package.pname or package.name}";
  # A package of the host has one place for everything.
  getDev = package: package;
  getLib = package: package;
  mesonOption = name: value: "-D${name}=${value}";
  mesonBool = name: value: mesonOption name (if value then "true" else "false");
  licenses.asl20.spdxId = "Apache-2.0";
  platforms.linux = [ "x86_64-linux" "aarch64-linux" ];

  # Calls a function of a file with what it asks for by name; what has a default may be missing.
  callPackageWith =
    scope: what: given:
    let
      function = if builtins.isFunction what then what else import what;
      asked = builtins.functionArgs function;
      missing = filter (name: !asked.${name} && !(scope ? ${name}) && !(given ? ${name})) (attrNames asked);
    in
    if missing == [ ] then
      function (builtins.intersectAttrs asked scope // given)
    else
      throw "nix/stand-in/packages.nix has no ${builtins.concatStringsSep ", " missing}";

  # --- file sets: a list of absolute names, a folder standing for all below it ------------------
  fileset =
    let
      names = value: if isPath value then [ (toString value) ] else value;
    in
    {
      unions = concatMap names;
      toSource =
        { root, fileset }:
        let
          wanted = names fileset;
          within = path: name: path == name || hasPrefix "${name}/" path || hasPrefix "${path}/" name;
        in
        builtins.path {
          name = "source";
          path = root;
          filter = path: _: any (within path) wanted;
        };
    };
}
