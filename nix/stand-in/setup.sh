# shellcheck shell=bash disable=SC2154
# What nixpkgs' stdenv does, as far as a Meson project needs it. Runs in Nix's sandbox, on the host's tools;
# the variables come from packages.nix.
# shellcheck disable=SC2086  # lists of flags are words
set -o pipefail

case $phase in
  host)
    case $file in
      "") ;;
      pkg-config:*) pkg-config --exists "${file#*:}" || missing=1 ;;
      program:*) command -v "${file#*:}" >/dev/null || missing=1 ;;
      *) [[ -e $file ]] || missing=1 ;;
    esac
    if [[ -n ${missing:-} ]]; then
      echo "the host has no $name: apt-get install $debian" >&2
      exit 1
    fi
    mkdir -p "$out"
    printf '%s\n' "$debian" >"$out/debian"
    exit
    ;;
  script)
    eval "$script"
    exit
    ;;
esac

cp -r "$src" source
chmod -R u+w source
cd source || exit
# As nixpkgs' stdenv sets it where the sources bear no date of their own.
export SOURCE_DATE_EPOCH=315532800
find . -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +

# nixpkgs' compiler wrapper hardens by default; ./dev image has the same flags.
export CXXFLAGS="-fstack-protector-strong -fstack-clash-protection -D_FORTIFY_SOURCE=2"
unset BOOST_INCLUDEDIR BOOST_LIBRARYDIR # the host's is where Meson looks by itself
export CXX=g++
# Bound by ../offline.sh where it was asked for: the same compiler, only sooner.
if [[ -d /ccache ]]; then
  export CXX="ccache g++" CCACHE_DIR=/ccache CCACHE_NOHASHDIR=1
fi
flags=()
if [[ -n $isStatic ]]; then
  flags+=(-Ddefault_library=static -Db_staticpic=false)
  for input in $buildInputs; do
    [[ ! -f $input/simdjson.cpp ]] || flags+=("-Dsimdjson_source=$input") simdjson=$input
  done
fi
if [[ -n $cross ]]; then
  made=/sysroot/meson-cross.ini
  [[ ! -d /ccache ]] || made=/sysroot/meson-cross-ccache.ini
  if [[ ! -f $made ]]; then
    echo "the host has no $cpu libraries: ./dev nix makes them, by image/sysroot.py" >&2
    exit 1
  fi
  # It names the folder in which it was made.
  sed "s|$(sed -n "s/^sys_root = .\(.*\)./\1/p" $made)|/sysroot|g" $made >cross.ini
  flags+=(--cross-file="$PWD/cross.ini")
  unset CXX
fi

meson setup build --prefix="$out" --libdir=lib --buildtype="$mesonBuildType" --wrap-mode=nodownload \
  --auto-features=enabled "${flags[@]}" $mesonFlags
cd build || exit
ninja -j "${NIX_BUILD_CORES:-1}"
if [[ -n ${doCheck:-} ]]; then
  # No shell, no tools of a developer: the tests must not need them either.
  meson test --no-rebuild --print-errorlogs --timeout-multiplier=0 $mesonCheckFlags
fi
meson install --no-rebuild --only-changed
SBOM_FLAGS=""
[[ -z ${simdjson:-} ]] || SBOM_FLAGS+=" --simdjson $simdjson"
[[ -z $cross ]] || SBOM_FLAGS+=" --sysroot /sysroot"
export SBOM_FLAGS
eval "${postInstall:-}"

# Debug information by build id, as nixpkgs' separateDebugInfo lays it out.
prefix=""
[[ -z $cross ]] || prefix=aarch64-linux-gnu-
while IFS= read -r -d '' file; do
  [[ $(head -c 4 "$file") == $'\x7fELF' ]] || continue
  id=$(${prefix}readelf -n "$file" | sed -n 's/.*Build ID: //p')
  mkdir -p "$debug/lib/debug/.build-id/${id:0:2}"
  at=$debug/lib/debug/.build-id/${id:0:2}/${id:2}.debug
  ${prefix}objcopy --only-keep-debug --compress-debug-sections "$file" "$at"
  ${prefix}objcopy --strip-all "$file"
done < <(find "$out" -type f -print0)
