# One image for both platforms.
{
  runCommand,
  python3,
  images,
}:
runCommand "otlp-service-index.oci.tar" { nativeBuildInputs = [ python3 ]; } ''
  python3 ${../image}/index.py --out $out ${toString images}
''
