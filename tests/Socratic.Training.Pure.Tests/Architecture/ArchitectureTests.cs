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
    public void OnlyNativeCallsNativeCode()
        => Assert.Empty(Types(Root).Concat(Types("Socratic.Training.Lora")).Where(t => !InRoom(Outermost(t), "Native")).SelectMany(t => t.Methods).Where(m => m.IsPInvokeImpl).Select(m => m.FullName));

    [Theory]
    [InlineData(Root)]
    [InlineData("Socratic.Training.Lora")]
    public void TheLibrariesTouchNeitherConsoleNorNetworkNorEndTheProcess(string assembly) => Empty(
        Types(assembly).SelectMany(References).Where(u => u.FullName == "System.Console" || u.Namespace.StartsWith("System.Net", StringComparison.Ordinal)));

    [Fact]
    public void TheFrameworkDoesNotKnowItsAdapters() => Empty(Types(Root).SelectMany(References).Where(u => u.Namespace.StartsWith("Socratic.Training.Lora", StringComparison.Ordinal)));

    [Fact]
    public void TheReaderSeesWhatIsThere()
    {
        Assert.Contains(Uses("Loop"), u => u.Name == "TrainingOptions");
        Assert.Contains(Types("Socratic.Training.Lora").SelectMany(References), u => u.Name == "LinearLayer");
    }

    private static void Empty(IEnumerable<TypeReference> used) => Assert.Empty(used.Select(u => u.FullName).Distinct());

    private static bool InRoom(TypeReference type, string room) => type.Namespace == $"{Root}.{room}" || type.Namespace.StartsWith($"{Root}.{room}.", StringComparison.Ordinal);

    private static IEnumerable<TypeReference> Uses(string room) => Types(Root).Where(t => InRoom(Outermost(t), room)).SelectMany(References);

    private static IEnumerable<TypeDefinition> Types(string assembly)
    {
        var module = ModuleDefinition.ReadModule(Path.Combine(AppContext.BaseDirectory, assembly + ".dll"));
        return module.Types.SelectMany(WithNested);
    }

    private static IEnumerable<TypeDefinition> WithNested(TypeDefinition type) => type.NestedTypes.SelectMany(WithNested).Prepend(type);

    private static IEnumerable<TypeReference> References(TypeDefinition type)
    {
        var direct = new List<TypeReference?> { type.BaseType };
        direct.AddRange(type.Interfaces.Select(i => i.InterfaceType));
        direct.AddRange(type.Fields.Select(f => f.FieldType));
        foreach (var method in type.Methods)
        {
            direct.Add(method.ReturnType);
            direct.AddRange(method.Parameters.Select(p => p.ParameterType));
            if (!method.HasBody) continue;
            direct.AddRange(method.Body.Variables.Select(v => v.VariableType));
            direct.AddRange(method.Body.Instructions.Select(i => i.Operand switch
            {
                TypeReference used => used,
                MemberReference member => member.DeclaringType,
                _ => null,
            }));
        }
        return direct.OfType<TypeReference>().SelectMany(Flat);
    }

    /// <summary>The type itself, what it is nested in, and its arguments.</summary>
    private static IEnumerable<TypeReference> Flat(TypeReference type)
    {
        if (type is GenericInstanceType generic)
            foreach (var argument in generic.GenericArguments.SelectMany(Flat)) yield return argument;
        yield return Outermost(type.GetElementType());
    }

    private static TypeReference Outermost(TypeReference type) => type.DeclaringType is { } outer ? Outermost(outer) : type;
}
