#!/bin/bash
# Installs into a folder of its own and checks that everything is where it belongs, that the programs run, that the
# examples are good, and that systemd understands the units.
#
#   install_test.sh BUILD_FOLDER
set -euo pipefail
build=$1
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

DESTDIR=$root cmake --install "$build" --prefix /usr >/dev/null

for file in bin/imagehub bin/imagenode lib/systemd/system/imagehub.service lib/systemd/system/imagenode.service \
  lib/systemd/system/imagenode@.service lib/sysusers.d/imagehub.conf lib/sysusers.d/imagenode.conf \
  lib/udev/rules.d/60-imagenode.rules \
  share/man/man1/imagehub.1 share/man/man1/imagenode.1 share/doc/imagehub/README.md share/doc/imagehub/LICENSE \
  share/doc/imagehub/CHANGELOG.md share/doc/imagehub/examples/imagehub.yaml \
  share/doc/imagehub/examples/imagenode.yaml; do
  [ -s "$root/usr/$file" ] || fail "/usr/$file was not installed"
done

for program in imagehub imagenode; do
  "$root/usr/bin/$program" --version >/dev/null || fail "$program does not run"
  "$root/usr/bin/$program" --check-config --path "$root/usr/share/doc/imagehub/examples" >/dev/null ||
    fail "the example settings of $program are not good"
done
grep -q '^  data_directory: /var/lib/imagehub$' "$root/usr/share/doc/imagehub/examples/imagehub.yaml" ||
  fail "the example does not name the folder of the service"

if ! command -v systemd-analyze >/dev/null; then
  echo "SKIPPED: systemd-analyze is missing; the units are not verified"
  exit 0
fi
# systemd looks for the programs and users in the real root, so the units are verified with theirs in the new one.
units=$root/verify
mkdir "$units"
for unit in imagehub.service imagenode.service imagenode@.service; do
  grep -q '^ExecStart=/usr/bin/' "$root/usr/lib/systemd/system/$unit" || fail "$unit does not start /usr/bin"
  sed "s|^ExecStart=/usr/bin/|ExecStart=$root/usr/bin/|" "$root/usr/lib/systemd/system/$unit" >"$units/$unit"
done
said=$(SYSTEMD_LOG_LEVEL=warning systemd-analyze verify --man=no \
  "$units/imagehub.service" "$units/imagenode.service" "$units/imagenode@.service" 2>&1) || fail "$said"
# What it says of other units of this computer is not ours.
! grep -E 'imagehub|imagenode' <<<"$said" || fail "systemd-analyze has objections"
echo "installed and verified"
