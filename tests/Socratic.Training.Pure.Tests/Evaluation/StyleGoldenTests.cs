using System.Text.Json;
using Socratic.Testing.Golden;
using Socratic.Training.Evaluation;

namespace Socratic.Training.Pure.Tests.Evaluation;

[Trait("Kind", "Golden")]
public sealed class StyleGoldenTests
{
    private const double Tolerance = 1e-12;

    [Fact]
    public void Texts_score_as_the_reference_scores_them()
    {
        if (!GoldenRoot.Has("style")) Assert.Skip("This golden folder has no area 'style'.");
        GoldenReport.Run("style", "texts", () =>
        {
            var index = GoldenRoot.Index("style");
            var profiles = Profiles();
            Assert.NotEmpty(profiles);
            foreach (var profile in profiles)
            {
                var tally = new StyleTally(profile);
                foreach (var text in index.GetProperty("cases").EnumerateArray()) CheckText(text, profile, tally);
                CheckMeans(index.GetProperty("mean_over_all_texts").GetProperty(profile.Name), profile, tally);
            }
        });
    }

    [Fact]
    public void Built_in_profiles_are_those_of_the_reference()
    {
        if (!GoldenRoot.Has("style")) Assert.Skip("This golden folder has no area 'style'.");
        GoldenReport.Run("style", "texts", () =>
        {
            foreach (var expected in Profiles())
            {
                var built = StyleProfile.Find(expected.Name) with { QuestionWords = [], AskingEndings = [] };
                Assert.Equal(expected.ToJson(), built.ToJson());
            }
        });
    }

    private static List<StyleProfile> Profiles() =>
        [.. GoldenRoot.Json(GoldenRoot.File("style", "profiles.json")).EnumerateObject().Select(p => StyleProfile.Parse(p.Value.GetRawText(), p.Name, "profiles.json"))];

    private static void CheckText(JsonElement golden, StyleProfile profile, StyleTally tally)
    {
        var text = golden.GetProperty("text").GetString()!;
        var scores = profile.Score(text);
        var expected = golden.GetProperty(profile.Name);
        Close.Relative(expected.GetProperty("style_consistency").GetDouble(), scores.StyleConsistency, Tolerance, $"{profile.Name} style_consistency of \"{text}\"");
        Close.Relative(expected.GetProperty("dialogue_flow").GetDouble(), scores.DialogueFlow, Tolerance, $"{profile.Name} dialogue_flow of \"{text}\"");
        tally.Add(text);
    }

    private static void CheckMeans(JsonElement expected, StyleProfile profile, StyleTally tally)
    {
        var values = tally.Values().ToDictionary();
        foreach (var mean in expected.EnumerateObject()) Close.Relative(mean.Value.GetDouble(), values[mean.Name], Tolerance, $"mean {mean.Name} of {profile.Name}");
    }
}
