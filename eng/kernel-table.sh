#!/usr/bin/env bash
# Writes docs/kernels.md from the compiler's output. SOCRATIC_NVRTC names the compiler's folder; without it, NVRTC is fetched for this run.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ -z "${SOCRATIC_NVRTC:-}" ]; then
  folder="$(mktemp -d)"
  trap 'rm -rf "$folder"' EXIT
  SOCRATIC_NVRTC="$(eng/fetch-nvrtc.sh "$folder")"
fi
export SOCRATIC_NVRTC SOCRATIC_WRITE_KERNEL_PAGE=1
dotnet run --project tests/Socratic.Training.Quantization.Tests -- -class "*KernelPageTests"
