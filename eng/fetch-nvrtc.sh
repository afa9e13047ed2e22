#!/usr/bin/env bash
# Puts NVIDIA's run-time compiler (NVRTC 12.4) from Debian's non-free packages into a folder, without installing anything:
#   eng/fetch-nvrtc.sh <folder>
# Its last line of output is the folder that holds the libraries; give it to the tests as SOCRATIC_NVRTC. Exit status 1: it could not be had.
set -uo pipefail
target="${1:?usage: eng/fetch-nvrtc.sh <folder>}"
mkdir -p "$target" && target="$(cd "$target" && pwd)" || exit 1
libraries() { dirname "$(find "$target" -name 'libnvrtc.so.12' | head -1)" 2> /dev/null; }
if [ -n "$(find "$target" -name 'libnvrtc.so.12' | head -1)" ]; then libraries; exit 0; fi
for tool in apt-get dpkg-deb; do command -v "$tool" > /dev/null || { echo "no $tool: NVRTC is fetched on Debian only" >&2; exit 1; }; done

# Lists and cache of our own: the machine's package state stays as it is.
private="$(mktemp -d)"
trap 'rm -rf "$private"' EXIT
mkdir -p "$private/lists/partial" "$private/cache/archives/partial"
touch "$private/status"
mirror="$(sed -nE 's/^URIs: *([^ ]+).*/\1/p' /etc/apt/sources.list.d/debian.sources 2> /dev/null | grep -v security | head -1)"
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
printf 'Types: deb\nURIs: %s\nSuites: trixie\nComponents: non-free\nSigned-By: %s\n' "${mirror:-http://deb.debian.org/debian}" "$keyring" > "$private/trixie.sources"
options=(-o Dir::Etc::SourceList="$private/trixie.sources" -o Dir::Etc::SourceParts=/dev/null -o Dir::State::Lists="$private/lists"
  -o Dir::Cache="$private/cache" -o Dir::State::status="$private/status" -o APT::Sandbox::User=root -o Acquire::Languages=none -qq)
{
  apt-get "${options[@]}" update &&
  (cd "$private" && apt-get "${options[@]}" download libnvrtc12 libnvrtc-builtins12.4) &&
  for package in "$private"/*.deb; do dpkg-deb -x "$package" "$target" || exit 1; done
} >&2 || { echo "NVRTC could not be fetched" >&2; exit 1; }
[ -n "$(find "$target" -name 'libnvrtc.so.12' | head -1)" ] && libraries
