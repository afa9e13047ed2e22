using Mono.Cecil;
using Mono.Cecil.Rocks;

namespace Socratic.Training.Pure.Tests.Architecture;

/// <summary>What the types of a compiled assembly name: in signatures, attributes, bounds, handlers and instructions.</summary>
internal static class AssemblyReader
{
    internal static ModuleDefinition Module(string assembly) => ModuleDefinition.ReadModule(Path.Combine(AppContext.BaseDirectory, assembly + ".dll"));

    internal static IEnumerable<TypeDefinition> Types(string assembly) => Module(assembly).GetAllTypes();

    internal static TypeReference Outermost(TypeReference type) => type.DeclaringType is { } outer ? Outermost(outer) : type;

    internal static IEnumerable<MethodReference> Calls(TypeDefinition type)
        => type.Methods.Where(m => m.HasBody).SelectMany(m => m.Body.Instructions).Select(i => i.Operand).OfType<MethodReference>();

    internal static IEnumerable<TypeReference> References(TypeDefinition type)
    {
        var named = new List<TypeReference?> { type.BaseType };
        named.AddRange(type.Interfaces.Select(i => i.InterfaceType));
        named.AddRange(type.GenericParameters.SelectMany(Bounds));
        named.AddRange(Attributes(type));
        foreach (var field in type.Fields) named.AddRange([field.FieldType, .. Attributes(field)]);
        foreach (var property in type.Properties) named.AddRange(Attributes(property));
        foreach (var method in type.Methods)
        {
            named.AddRange(Signature(method));
            named.AddRange(method.GenericParameters.SelectMany(Bounds));
            named.AddRange(Attributes(method));
            named.AddRange(method.Parameters.SelectMany(Attributes));
            if (method.HasBody) named.AddRange(Body(method.Body));
        }
        return named.OfType<TypeReference>().SelectMany(Flat);
    }

    private static IEnumerable<TypeReference?> Body(Mono.Cecil.Cil.MethodBody body)
        => body.Variables.Select(v => (TypeReference?)v.VariableType)
            .Concat(body.ExceptionHandlers.Select(h => h.CatchType))
            .Concat(body.Instructions.SelectMany(i => i.Operand switch
            {
                TypeReference used => [used],
                FieldReference field => [field.DeclaringType, field.FieldType],
                MethodReference called => Signature(called).Append(called.DeclaringType),
                CallSite site => Signature(site),
                _ => Enumerable.Empty<TypeReference?>(),
            }));

    private static IEnumerable<TypeReference?> Signature(IMethodSignature method)
    {
        var arguments = method is GenericInstanceMethod generic ? generic.GenericArguments : Enumerable.Empty<TypeReference>();
        return method.Parameters.Select(p => p.ParameterType).Append(method.ReturnType).Concat(arguments);
    }

    private static IEnumerable<TypeReference?> Bounds(GenericParameter parameter) => parameter.Constraints.Select(c => c.ConstraintType);

    private static IEnumerable<TypeReference?> Attributes(ICustomAttributeProvider provider)
        => provider.CustomAttributes.SelectMany(a => a.ConstructorArguments.Select(v => v.Value).OfType<TypeReference>().Append(a.AttributeType));

    /// <summary>The type itself (what it is nested in), and every argument and element it is made of.</summary>
    private static IEnumerable<TypeReference> Flat(TypeReference type) => type switch
    {
        GenericInstanceType generic => generic.GenericArguments.SelectMany(Flat).Append(Outermost(generic.ElementType)),
        FunctionPointerType pointer => Signature(pointer).OfType<TypeReference>().SelectMany(Flat),
        RequiredModifierType modified => Flat(modified.ModifierType).Concat(Flat(modified.ElementType)),
        OptionalModifierType modified => Flat(modified.ModifierType).Concat(Flat(modified.ElementType)),
        TypeSpecification made => Flat(made.ElementType),
        _ => [Outermost(type)],
    };
}
