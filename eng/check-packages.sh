#!/usr/bin/env bash
# Packs the libraries, and uses them as a stranger would: in a project outside the repository that subclasses the trainer,
# adds a callback, trains 20 steps, and puts an adapter over a model in 4 bits. It is built, run, published, and the published program run.
set -euo pipefail
root="$(cd "$(dirname "$0")/.." && pwd)"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
# A new version each time: the same version would bring the old code out of the package cache.
version="0.1.0-dev.$(date +%s)"

echo "== pack $version"
for library in Socratic.Training Socratic.Training.Lora Socratic.Training.Quantization; do
  dotnet pack "$root/src/$library" -c Release -o "$work/feed" -p:Version="$version" -p:ContinuousIntegrationBuild=true --nologo -v quiet
done
ls "$work/feed"
for library in Socratic.Training Socratic.Training.Lora Socratic.Training.Quantization; do
  for suffix in nupkg snupkg; do
    test -f "$work/feed/$library.$version.$suffix" || { echo "missing: $library.$version.$suffix"; exit 1; }
  done
done

echo "== a project outside the repository"
cat > "$work/nuget.config" <<XML
<configuration>
  <config><add key="globalPackagesFolder" value="$work/packages" /></config>
  <fallbackPackageFolders><add key="main" value="${NUGET_PACKAGES:-$HOME/.nuget/packages}" /></fallbackPackageFolders>
  <packageSources><add key="local" value="$work/feed" /></packageSources>
</configuration>
XML
mkdir -p "$work/app" "$work/library"
cat > "$work/library/Library.csproj" <<XML
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup><TargetFramework>net10.0</TargetFramework><ImplicitUsings>enable</ImplicitUsings><Nullable>enable</Nullable></PropertyGroup>
  <ItemGroup>
    <PackageReference Include="Socratic.Training.Lora" Version="$version" />
    <PackageReference Include="Socratic.Training.Quantization" Version="$version" />
  </ItemGroup>
</Project>
XML
cat > "$work/app/App.csproj" <<XML
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <OutputType>Exe</OutputType><TargetFramework>net10.0</TargetFramework><ImplicitUsings>enable</ImplicitUsings><Nullable>enable</Nullable>
    <CreateHardLinksForCopyLocalIfPossible>true</CreateHardLinksForCopyLocalIfPossible>
    <CreateHardLinksForPublishFilesIfPossible>true</CreateHardLinksForPublishFilesIfPossible>
  </PropertyGroup>
  <ItemGroup>
    <ProjectReference Include="../library/Library.csproj" />
    <PackageReference Include="TorchSharp-cpu" Version="0.107.0" />
  </ItemGroup>
</Project>
XML
cp "$root/eng/package-check/Library.cs" "$root/eng/package-check/FourBits.cs" "$work/library/"
cp "$root/eng/package-check/Program.cs" "$work/app/"

has() {
  test -f "$work/packages/$1/$version/$2" || { echo "the package $1 lacks $2"; exit 1; }
}
expect() {
  "$@" > "$work/out" 2>&1 || { cat "$work/out"; exit 1; }
  for line in "20 updates, 4 evaluations, Completed" "QLoRA: 64 trained weights over 12288 in 4 bits"; do
    grep -qx "$line" "$work/out" || { cat "$work/out"; echo "not there: $line"; exit 1; }
  done
}
cd "$work/app"
dotnet build --nologo -v quiet
for file in README.md buildTransitive/Socratic.Training.targets lib/net10.0/Socratic.Training.{dll,xml}; do has socratic.training "$file"; done
for file in README.md lib/net10.0/Socratic.Training.Lora.{dll,xml}; do has socratic.training.lora "$file"; done
for file in README.md lib/net10.0/Socratic.Training.Quantization.{dll,xml}; do has socratic.training.quantization "$file"; done
expect dotnet run --no-build
dotnet publish --nologo -v quiet -o "$work/published"
expect "$work/published/App"
dotnet publish --nologo -v quiet -r linux-x64 --self-contained false -o "$work/published-rid"
expect "$work/published-rid/App"
echo "== packages: ok"
