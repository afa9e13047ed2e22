#!/usr/bin/env bash
# Packs the GPU's tests and measurements into a folder that runs where there is nothing but libtorch for CUDA (PyTorch 2.10 or 2.11 will do):
#   eng/pack-gpu-tests.sh <folder> [reference values, default tests/golden/nf4]
# On the GPU machine: <folder>/run.sh. It holds .NET, the test program, TorchSharp's binding and the kernels' sources; libtorch and NVRTC come from the machine.
set -euo pipefail
cd "$(dirname "$0")/.."
target="${1:?usage: eng/pack-gpu-tests.sh <folder> [reference values]}"
golden="$(cd "${2:-tests/golden/nf4}" && pwd)"
[ ! -e "$target" ] || { echo "$target is there already" >&2; exit 1; }
mkdir -p "$target"
target="$(cd "$target" && pwd)"

project=tests/Socratic.Training.Quantization.Tests
dotnet build "$project" --nologo -v quiet > /dev/null
mkdir -p "$target/tests"
# libtorch is the machine's own; drawing, debugging symbols and documentation are of no use there.
# Without deps.json the host takes whatever lies in the folder, and asks for no file that is not there.
(cd "$project/bin/Debug/net10.0" && find . -type f ! -path './runtimes/*' ! -name '*.pdb' ! -name '*.xml' ! -name '*.deps.json' -print0 | tar -c --null -T - | tar -x -C "$target/tests")
cp "$project/bin/Debug/net10.0/runtimes/linux-x64/native/libLibTorchSharp.so" "$target/tests/"

mkdir -p "$target/tests/golden"
cp -r "$golden" "$target/tests/golden/nf4"
rm -rf "$target/tests/golden/nf4/checkpoints"

# The runtime that built it, without what debuggers, databases, the network, XML schemas and Visual Basic need.
sdk="$(dirname "$(readlink -f "$(command -v dotnet)")")"
version="$(dotnet --list-runtimes | sed -nE 's/^Microsoft\.NETCore\.App (10\.[0-9.]+) .*/\1/p' | sort -V | tail -1)"
mkdir -p "$target/dotnet/host/fxr" "$target/dotnet/shared/Microsoft.NETCore.App"
cp "$sdk/dotnet" "$target/dotnet/"
cp -r "$sdk/host/fxr/$version" "$target/dotnet/host/fxr/"
cp -r "$sdk/shared/Microsoft.NETCore.App/$version" "$target/dotnet/shared/Microsoft.NETCore.App/"
(cd "$target/dotnet/shared/Microsoft.NETCore.App/$version" && rm -f createdump libmscordaccore.so libmscordbi.so libclrgc.so libclrgcexp.so libcoreclrtraceptprovider.so \
  Microsoft.VisualBasic*.dll System.Data.*.dll System.Private.DataContractSerialization.dll System.Linq.AsyncEnumerable.dll System.Linq.Parallel.dll System.Net.Mail.dll System.Net.Quic.dll \
  System.Net.HttpListener.dll System.Net.WebClient.dll System.Net.WebSockets*.dll System.Net.Requests.dll System.Transactions*.dll System.Formats.Tar.dll \
  System.Threading.Tasks.Dataflow.dll System.Text.Encoding.CodePages.dll System.IO.IsolatedStorage.dll System.Private.Xml.dll System.Private.Xml.Linq.dll \
  System.Linq.Expressions.dll System.Net.Http*.dll System.Net.Security.dll System.Net.NetworkInformation.dll System.Net.Ping.dll Microsoft.CSharp.dll libSystem.IO.Compression.Native.so)
rm -f "$target"/tests/{ScottPlot,SkiaSharp*,HarfBuzzSharp}.dll

cat > "$target/run.sh" <<'R'
#!/usr/bin/env bash
# Runs the packed tests on this machine's GPU and prints what they measured. SOCRATIC_LIBTORCH names libtorch's folder; without it, Python's torch is asked.
set -uo pipefail
# Nothing here depends on a culture, and the machine may have no ICU.
export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1
here="$(cd "$(dirname "$0")" && pwd)"
libtorch="${SOCRATIC_LIBTORCH:-$(python3 -c 'import os, torch; print(os.path.join(os.path.dirname(torch.__file__), "lib"))' 2> /dev/null)}"
if ! command -v nvidia-smi > /dev/null || ! nvidia-smi -L 2> /dev/null | grep -q .; then
  echo "There is no NVIDIA GPU here: nothing to run."
  "$here/dotnet/dotnet" "$here/tests/Socratic.Training.Quantization.Tests.dll" -list classes -trait "Device=Gpu" | grep -E "Gpu\." | sed 's/^/  on a GPU machine: /'
  exit 0
fi
if [ ! -e "$libtorch/libtorch_cuda.so" ]; then
  echo "libtorch for CUDA was not found: set SOCRATIC_LIBTORCH to the folder of libtorch_cuda.so (PyTorch's torch/lib)."
  exit 1
fi
nvidia-smi -L
for library in "$libtorch"/*.so*; do ln -sf "$library" "$here/tests/"; done
# PyTorch keeps NVRTC in a package beside torch.
[ -n "${SOCRATIC_NVRTC:-}" ] || { nvrtc="$(find -L "$libtorch" "$libtorch/../.." -maxdepth 5 -name 'libnvrtc.so.1[23]' 2> /dev/null | head -1)"; [ -z "$nvrtc" ] || export SOCRATIC_NVRTC="$(dirname "$nvrtc")"; }
for folder in "$libtorch"/../../nvidia/*/lib; do [ ! -d "$folder" ] || LD_LIBRARY_PATH="${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$folder"; done
export LD_LIBRARY_PATH="$libtorch${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" SOCRATIC_GOLDEN="$here/tests/golden" SOCRATIC_GPU_REPORT="$here/report.txt"
rm -f "$SOCRATIC_GPU_REPORT"
"$here/dotnet/dotnet" "$here/tests/Socratic.Training.Quantization.Tests.dll" -trait "Device=Gpu"
code=$?
[ ! -e "$SOCRATIC_GPU_REPORT" ] || cat "$SOCRATIC_GPU_REPORT"
exit $code
R
chmod +x "$target/run.sh"
size="$(du -sm "$target" | cut -f1)"
echo "$target: $size MB"
[ "$size" -lt 60 ] || { echo "more than 60 MB" >&2; exit 1; }
