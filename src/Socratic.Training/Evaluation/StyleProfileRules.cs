using System.Globalization;

namespace Socratic.Training.Evaluation;

/// <summary>What a profile must hold to be a measure at all.</summary>
internal static class StyleProfileRules
{
    public static IReadOnlyList<string> Problems(StyleProfile profile)
    {
        var problems = new List<string>();
        if (string.IsNullOrWhiteSpace(profile.Name)) problems.Add("name is empty");
        if (profile.Terminators is null) problems.Add("terminators is null");
        if (profile.QuestionTerminators is null) problems.Add("questionTerminators is null");
        else foreach (var mark in profile.QuestionTerminators.EnumerateRunes())
        {
            if (profile.Terminators is { } all && !all.EnumerateRunes().Contains(mark)) problems.Add($"questionTerminators holds '{mark}', which terminators lacks");
        }
        foreach (var (key, words) in Lists(profile))
        {
            if (words is null) problems.Add($"{key} is null");
            else if (words.Any(string.IsNullOrEmpty)) problems.Add($"{key} holds an empty text, which every sentence contains");
        }
        if (profile.EndingWindow < 1) problems.Add($"endingWindow is {profile.EndingWindow}, expected at least 1");
        if (!(profile.QuestionShare is >= 0 and <= 1)) problems.Add($"questionShare is {Text(profile.QuestionShare)}, expected 0 to 1");
        if (!(profile.StyleVariance > 0 && double.IsFinite(profile.StyleVariance))) problems.Add($"styleVariance is {Text(profile.StyleVariance)}, expected a number above 0");
        if (!(profile.FlowVariance > 0 && double.IsFinite(profile.FlowVariance))) problems.Add($"flowVariance is {Text(profile.FlowVariance)}, expected a number above 0");
        return problems;
    }

    private static (string Key, IReadOnlyList<string>? Words)[] Lists(StyleProfile profile) =>
    [
        ("questionEndings", profile.QuestionEndings), ("statementEndings", profile.StatementEndings), ("reflectionEndings", profile.ReflectionEndings),
        ("auxiliaries", profile.Auxiliaries), ("conjunctions", profile.Conjunctions), ("questionWords", profile.QuestionWords), ("askingEndings", profile.AskingEndings),
    ];

    private static string Text(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
