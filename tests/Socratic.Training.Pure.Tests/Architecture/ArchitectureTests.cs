using Mono.Cecil;

namespace Socratic.Training.Pure.Tests.Architecture;

/// <summary>The house's one-way dependencies, read from the compiled assemblies: signatures, fields, and every instruction.</summary>
public sealed class ArchitectureTests
{
    private const string Root = "Socratic.Training";

    // What a room must never know. Root types that hold plain data (TokenRow, ChatMessage, Loss, StepContext, ...) may be named by all.
    private static readonly string[] Trainers = ["Trainer`1", "LanguageModelTrainer", "TrainingOptions", "TrainerServices", "ICallback"];

    [Theory]
    [InlineData("Models")]
    [InlineData("Data")]
    [InlineData("Optimization")]
    [InlineData("Safetensors")]
    [InlineData("Tokenization")]
    [InlineData("Layers")]
    [InlineData("Files")]
    [InlineData("Checkpointing")]
    [InlineData("Native")]
    public void ARoomBelowTheTrainerDoesNotKnowIt(string room)
        => Empty(Uses(room).Where(u => u.Namespace == Root && Trainers.Contains(u.Name) || InRoom(u, "Loop") || InRoom(u, "Runs") || InRoom(u, "Callbacks")));

    [Fact]
    public void CallbacksKnowEventsAndStateButNotTheTrainer()
        => Empty(Uses("Callbacks").Where(u => u.Namespace == Root && u.Name is "Trainer`1" or "LanguageModelTrainer" or "TrainerServices" || InRoom(u, "Loop")));

    [Theory]
    [InlineData("Safetensors", "Files Native Layers")]
    [InlineData("Files", "Native")]
    [InlineData("Native", "")]
    [InlineData("Layers", "Data Native Diagnostics")]
    [InlineData("Tokenization", "Files Data")]
    [InlineData("Optimization", "Native")]
    [InlineData("Checkpointing", "Files Safetensors Native")]
    public void ALowerRoomKnowsOnlyTheRoomsBelowIt(string room, string allowed)
    {
        var rooms = allowed.Split(' ', StringSplitOptions.RemoveEmptyEntries).Append(room).ToArray();
        Empty(Uses(room).Where(u => u.Namespace.StartsWith(Root + ".", StringComparison.Ordinal) && !rooms.Any(r => InRoom(u, r))));
    }

    [Fact]
    public void EveryRoomHasItsRule() => Assert.Equal(
        ["Callbacks", "Checkpointing", "Data", "Diagnostics", "Evaluation", "Files", "Layers", "Loop", "Models", "Native", "Optimization", "Runs", "Safetensors", "Tokenization"],
        Types(Root).Select(t => Outermost(t).Namespace).Where(n => n.StartsWith(Root + ".", StringComparison.Ordinal)).Select(n => n.Split('.')[2]).Distinct().Order(StringComparer.Ordinal));

    [Theory]
    [InlineData(Root)]
    [InlineData("Socratic.Training.Lora")]
    [InlineData("Socratic.Training.Quantization")]
    public void OnlyNativeCallsNativeCode(string assembly)
    {
        // Quantization has a room of its own besides the sources it shares with Training.
        var outside = Types(assembly).Where(t => !InRoom(Outermost(t), "Native") && Outermost(t).Namespace != $"{assembly}.Native").ToArray();
        Assert.Empty(outside.SelectMany(t => t.Methods).Where(m => m.IsPInvokeImpl || CallsThroughNativePointer(m)).Select(m => m.FullName));
        Empty(outside.SelectMany(AssemblyReader.References).Where(u => u.FullName is "System.Runtime.InteropServices.NativeLibrary" or "System.Runtime.InteropServices.Marshal"));
    }

    [Theory]
    [InlineData(Root)]
    [InlineData("Socratic.Training.Lora")]
    [InlineData("Socratic.Training.Quantization")]
    public void TheLibrariesTouchNeitherConsoleNorNetworkNorEndTheProcess(string assembly)
    {
        Empty(Types(assembly).SelectMany(AssemblyReader.References).Where(u => u.FullName == "System.Console" || u.Namespace.StartsWith("System.Net", StringComparison.Ordinal)));
        Assert.Empty(Types(assembly).SelectMany(AssemblyReader.Calls)
            .Where(c => c is { DeclaringType.FullName: "System.Environment", Name: "Exit" or "FailFast" } or { DeclaringType.FullName: "System.Diagnostics.Process", Name: "Kill" or "Start" })
            .Select(c => c.FullName));
    }

    [Theory]
    [InlineData(Root)]
    [InlineData("Socratic.Training.Lora", Root)]
    [InlineData("Socratic.Training.Quantization", Root)]
    public void AnAssemblyKnowsOnlyTheOneBelowIt(string assembly, params string[] below)
        => Assert.Equal(below, AssemblyReader.Module(assembly).AssemblyReferences.Select(r => r.Name).Where(n => n.StartsWith("Socratic.", StringComparison.Ordinal)));

    [Fact]
    public void TheReaderSeesWhatIsThere()
    {
        Assert.Contains(Uses("Loop"), u => u.Name == "TrainingOptions");
        Assert.Contains(Types("Socratic.Training.Lora").SelectMany(AssemblyReader.References), u => u.Name == "LinearLayer");
        Assert.Contains(Uses("Native"), u => u.Name == "NativeLibrary");
        Assert.Contains(Types(Root).Where(t => InRoom(Outermost(t), "Native")).SelectMany(t => t.Methods), m => m.IsPInvokeImpl);

        var probe = AssemblyReader.Types(typeof(ArchitectureProbe).Assembly.GetName().Name!).Where(t => Outermost(t).Name == nameof(ArchitectureProbe)).ToArray();
        foreach (var hidden in new[] { typeof(Uri), typeof(Version), typeof(StringComparer), typeof(TimeZoneInfo), typeof(FormatException), typeof(ObsoleteAttribute), typeof(Random) })
            Assert.Contains(probe.SelectMany(AssemblyReader.References), u => u.FullName == hidden.FullName);
        Assert.Contains(probe.SelectMany(AssemblyReader.Calls), c => c is { DeclaringType.FullName: "System.Environment", Name: "Exit" });
        Assert.Contains(probe.SelectMany(t => t.Methods), CallsThroughNativePointer);
    }

    private static bool CallsThroughNativePointer(MethodDefinition method) => method.HasBody && method.Body.Instructions
        .Any(i => i.Operand is CallSite site && site.CallingConvention is not (MethodCallingConvention.Default or MethodCallingConvention.Generic));

    private static void Empty(IEnumerable<TypeReference> used) => Assert.Empty(used.Select(u => u.FullName).Distinct());

    private static bool InRoom(TypeReference type, string room) => type.Namespace == $"{Root}.{room}" || type.Namespace.StartsWith($"{Root}.{room}.", StringComparison.Ordinal);

    private static IEnumerable<TypeReference> Uses(string room) => Types(Root).Where(t => InRoom(Outermost(t), room)).SelectMany(AssemblyReader.References);

    private static IEnumerable<TypeDefinition> Types(string assembly) => AssemblyReader.Types(assembly);

    private static TypeReference Outermost(TypeReference type) => AssemblyReader.Outermost(type);
}
