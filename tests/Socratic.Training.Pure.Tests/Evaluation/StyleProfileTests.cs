using Socratic.Training.Evaluation;

namespace Socratic.Training.Pure.Tests.Evaluation;

public sealed class StyleProfileTests
{
    [Fact]
    public void Asking_in_English_scores_above_telling()
    {
        var english = StyleProfile.SocraticEnglish;
        var asking = english.Score("I see. But what do you mean by courage? Would a man who does not know the danger be brave, do you think?");
        var telling = english.Score("Courage means acting despite fear. Soldiers have it. Practice every day.");
        Assert.True(asking.StyleConsistency > telling.StyleConsistency + 0.2);
        Assert.True(asking.DialogueFlow > telling.DialogueFlow + 0.2);
    }

    [Fact]
    public void English_words_are_found_whatever_their_case()
    {
        var english = StyleProfile.SocraticEnglish;
        Assert.Equal(english.Score("perhaps it is so"), english.Score("PERHAPS IT IS SO"));
    }

    [Fact]
    public void A_question_mark_makes_a_question_in_English()
        => Assert.True(StyleProfile.SocraticEnglish.Score("Virtue, then? It can be taught.").DialogueFlow > StyleProfile.SocraticEnglish.Score("Virtue, then. It can be taught.").DialogueFlow);

    [Fact]
    public void Shares_count_texts_with_question_words_and_sentences_with_asking_endings()
    {
        var tally = new StyleTally(StyleProfile.SocraticJapanese);
        tally.Add("なぜそう思うのですか。それは正しいのでしょうか。");
        tally.Add("そうです。どう思いますか？");
        Assert.Equal(0.5, tally.QuestionWordShare);
        Assert.Equal(0.25, tally.QuestionEndingShare);
    }

    [Fact]
    public void Without_texts_there_are_no_scores() => Assert.All(new StyleTally(StyleProfile.SocraticJapanese).Values(), v => Assert.True(double.IsNaN(v.Value)));

    [Fact]
    public void A_profile_of_ones_own_is_read_from_a_file_and_named_after_it()
    {
        var path = Path.Combine(Directory.CreateTempSubdirectory().FullName, "pirate.json");
        File.WriteAllText(path, """{ "questionEndings": ["arr"], "auxiliaries": ["be"], "endingWindow": 4, "ignoreCase": true }""");
        var profile = StyleProfile.Read(path);
        Assert.Equal("pirate", profile.Name);
        Assert.Equal("pirate", StyleProfile.Find(path).Name);
        Assert.Equal(1.0, profile.Score("Ye be a pirate, ARR!").StyleConsistency, 12);
    }

    [Fact]
    public void A_written_profile_reads_back_the_same()
    {
        var json = StyleProfile.SocraticJapanese.ToJson();
        Assert.Contains("でしょうか", json, StringComparison.Ordinal);
        Assert.Equal(json, StyleProfile.Parse(json, "x", "x").ToJson());
    }

    [Theory]
    [InlineData("""{ "endingWindow": 0, "questionShare": 2, "styleVariance": -1, "auxiliaries": ["a", ""], "questionTerminators": "x" }""",
        "mine.json: questionTerminators holds 'x', which terminators lacks; auxiliaries holds an empty text, which every sentence contains; endingWindow is 0, expected at least 1; "
        + "questionShare is 2, expected 0 to 1; styleVariance is -1, expected a number above 0.")]
    [InlineData("""{ "conjunctions": null }""", "mine.json: conjunctions is null.")]
    [InlineData("null", "mine.json: not a style profile: it holds null, expected an object.")]
    public void Every_problem_of_a_profile_is_named(string json, string message)
        => Assert.Equal(message, Assert.Throws<InvalidDataException>(() => StyleProfile.Parse(json, "mine", "mine.json")).Message);

    [Theory]
    [InlineData("""{ "questionEnding": [] }""", "questionEnding")]
    [InlineData("""{ "endingWindow": "ten" }""", "endingWindow")]
    [InlineData("""{ "conjunctions": [], "conjunctions": [] }""", "conjunctions")]
    public void Unknown_mistyped_and_doubled_keys_are_errors(string json, string key)
    {
        var error = Assert.Throws<InvalidDataException>(() => StyleProfile.Parse(json, "mine", "mine.json"));
        Assert.StartsWith("mine.json: not a style profile", error.Message, StringComparison.Ordinal);
        Assert.Contains(key, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_name_lists_those_there_are()
        => Assert.Contains("socratic-ja, socratic-en and notebook", Assert.Throws<ArgumentException>(() => StyleProfile.Find("plato")).Message, StringComparison.Ordinal);
}
