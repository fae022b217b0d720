#!/usr/bin/env bash
# Runs nix on this flake without network: nix/stand-in takes nixpkgs' place, and the host's Debian packages
# do the work, in Nix's real sandbox. As root; `./dev nix ...` installs what it needs and calls this.
#
#   nix/offline.sh flake check          nix/offline.sh build .#image
#   nix/offline.sh build --rebuild      nix/offline.sh run . -- version
#
# Settings (environment): NIX_OFFLINE_CCACHE=DIR  the sandbox may use this compiler cache (never for a proof)
#                         NIX_OFFLINE_SYSROOT=DIR the arm64 libraries of image/sysroot.py, for .#image-arm64; else those
#                                                 that ./dev has made
#                         NIX_OFFLINE_STORE=DIR   a store of its own instead of /nix
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."

die() {
  printf 'nix/offline.sh: %s\n' "$*" >&2
  exit 1
}
[[ $# -gt 0 ]] || die "usage: nix/offline.sh COMMAND [ARG...], as for nix"
[[ $(id -u) -eq 0 ]] || die "the sandbox binds the host's folders, which needs root"
command -v nix >/dev/null || die "nix is missing: apt-get install --no-install-recommends nix-bin"
[[ -f flake.lock ]] || die "flake.lock is missing: git checkout flake.lock"
case $(uname -m) in x86_64 | aarch64) ;; *) die "no stand-in for $(uname -m): x86_64 and aarch64 only" ;; esac

mapfile -t unseen < <(git ls-files --others --exclude-standard 2>/dev/null)
[[ ${#unseen[@]} -eq 0 ]] || printf 'nix/offline.sh: git does not track, so nix does not see: %s\n' "${unseen[*]}" >&2

work=$PWD/.cache/nix
mkdir -p "$work"/{etc,home,none} "$work"/bind/{usr,alternatives,dpkg,tools,sysroot}
find "$work/etc" "$work/nixpkgs" -type f -delete 2>/dev/null || true
mkdir -p "$work/nixpkgs"
cp -r nix/stand-in/. "$work/nixpkgs"

# Any other version of these is another build.
dpkg-query -W -f '${Package} ${Version} ${Architecture}\n' |
  grep -E '^(binutils|ca-certificates|g\+\+-[0-9]+|gcc-[0-9]+|meson|ninja-build|pkg-config|pkgconf|protobuf-compiler|python3|lib.*-dev) ' \
    >"$work/nixpkgs/host.txt"
python3 image/simdjson.py --to "$work/nixpkgs/simdjson"

bind() { [[ -d ${1:-} ]] && printf '%s' "$1" || printf '%s' "$work/none"; }
tools=$(bind "${GITOPS_CACHE:-$PWD/.cache/gitops}/bin")
sysroot=$(bind "${NIX_OFFLINE_SYSROOT:-$PWD/.cache/sysroot-arm64}")
# And of these, another build for arm64.
{
  [[ ! -f $sysroot/origins.tsv ]] || cut -f 2,3 "$sysroot/origins.tsv" | sort -u
  dpkg-query -W -f '${Package} ${Version}\n' | grep -e '-aarch64-linux-gnu ' -e '-arm64-cross ' || true
} >"$work/nixpkgs/sysroot.txt"
extra=""
[[ -z ${NIX_OFFLINE_CCACHE:-} ]] || extra="/ccache=$NIX_OFFLINE_CCACHE"
# sandbox-paths is set whole, never added to: Nix binds its entries writable, and without build users the
# builder is the host's root. So each folder is a read-only bind, and below /bin there are single files.
cat >"$work/etc/nix.conf" <<CONF
experimental-features = nix-command flakes
build-users-group =
sandbox = true
sandbox-fallback = false
sandbox-paths = /bin/sh=/usr/bin/dash /bin/bash=/usr/bin/bash /usr=$work/bind/usr /lib=$work/bind/usr/lib /lib64=$work/bind/usr/lib64 /etc/alternatives=$work/bind/alternatives /var/lib/dpkg=$work/bind/dpkg /tools=$work/bind/tools /sysroot=$work/bind/sysroot $extra
substituters =
flake-registry =
warn-dirty = false
max-jobs = 1
cores = ${DEV_JOBS:-$(nproc)}
CONF
export NIX_CONF_DIR=$work/etc HOME=$work/home NIX_REMOTE="" XDG_CACHE_HOME=$work/home/cache

# Flags go before what follows: `run . -- ARG` hands everything after it to the program.
command=("$1")
shift
if [[ ${command[0]} == flake ]]; then
  command+=("$1")
  shift
fi
store=()
[[ -z ${NIX_OFFLINE_STORE:-} ]] || store=(--store "$NIX_OFFLINE_STORE")
# shellcheck disable=SC2016  # the inner shell expands it
exec unshare --mount bash -euc '
  work=$0 tools=$1 sysroot=$2
  shift 2
  readonly_bind() { mount --bind "$1" "$work/bind/$2" && mount -o remount,bind,ro "$work/bind/$2"; }
  readonly_bind /usr usr
  readonly_bind /etc/alternatives alternatives
  readonly_bind /var/lib/dpkg dpkg
  readonly_bind "$tools" tools
  readonly_bind "$sysroot" sysroot
  exec nix "$@"' "$work" "$tools" "$sysroot" "${command[@]}" "${store[@]}" \
  --override-input nixpkgs "path:$work/nixpkgs" --no-write-lock-file "$@"
