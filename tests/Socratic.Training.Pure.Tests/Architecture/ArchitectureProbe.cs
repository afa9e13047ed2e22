namespace Socratic.Training.Pure.Tests.Architecture;

/// <summary>Names one type in each place where a reader could overlook it; never run.</summary>
internal static class ArchitectureProbe
{
    internal static object GenericMethodArgument() => Array.Empty<Uri>();

    internal static object? ArgumentOfAnArraysElement(object value) => value as List<Version>[];

    internal static int ReturnedButNeverKept() => StringComparer.Ordinal.GetHashCode("");

    internal static void Bound<T>() where T : IEquatable<TimeZoneInfo> { }

    internal static void Caught()
    {
        try { Environment.Exit(0); }
        catch (FormatException) { }
    }

    [Obsolete("named by an attribute")]
    internal static void Attributed() { }

    internal static unsafe void ThroughAPointer(void* address) => ((delegate* unmanaged<int, void>)address)(1);

    internal static unsafe void PointerOf(delegate*<Random, void> address) => _ = address;
}
