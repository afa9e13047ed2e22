namespace Socratic.Training.Optimization.Schedules;

/// <summary>Reads the saved memory of a schedule, naming what is missing.</summary>
internal static class ScheduleMemory
{
    internal static double Get(IReadOnlyDictionary<string, double> state, string name)
        => state.TryGetValue(name, out var value) ? value : throw new InvalidDataException($"The schedule's saved state has no '{name}' (it has: {string.Join(", ", state.Keys)}).");
}
