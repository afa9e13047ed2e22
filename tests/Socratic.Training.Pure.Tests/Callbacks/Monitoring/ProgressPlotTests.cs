using SkiaSharp;
using Socratic.Training.Callbacks;
using Socratic.Training.Callbacks.Monitoring;

namespace Socratic.Training.Pure.Tests.Callbacks.Monitoring;

public sealed class ProgressPlotTests
{
    // Where text stands in the picture: the titles of the page and of the panels, the numbers left of the axes.
    private static readonly SKRectI PageTitle = new(28, 20, 320, 52);
    private static readonly SKRectI Caption = new(28, 58, 700, 84);
    private static readonly SKRectI[] PanelTitles = [.. Each(50, 112, 290, 140)];
    private static readonly SKRectI[] Ticks = [.. Each(60, 150, 106, 500)];

    [Theory]
    [InlineData(400, true)]
    [InlineData(6, true)]
    [InlineData(1, true)]
    [InlineData(50, false)]
    public void Titles_and_figures_are_there_not_only_curves(int logs, bool evaluated)
    {
        using var picture = Draw(History(logs, evaluated));
        Assert.Equal((ProgressPlot.Width, ProgressPlot.Height), (picture.Width, picture.Height));
        Assert.True(Ink(picture, PageTitle) > 1500, "no page title");
        Assert.True(Ink(picture, Caption) > 1000, "no caption");
        Assert.All(PanelTitles, area => Assert.True(Ink(picture, area) > 250, $"no title in {area}"));
        Assert.All(Ticks.Take(evaluated ? 4 : 2), area => Assert.True(Ink(picture, area) > 150, $"no numbers in {area}"));
    }

    [Fact]
    public void A_panel_without_values_says_so_instead_of_showing_axes()
    {
        using var picture = Draw([]);
        Assert.All(Ticks, area => Assert.Equal(0, Ink(picture, area)));
        Assert.All(Each(250, 280, 600, 360), area => Assert.True(Ink(picture, area) > 150, $"no note in {area}"));
    }

    [Fact]
    public void Letters_of_the_embedded_font_are_drawn_not_boxes()
    {
        foreach (var face in new[] { PlotFont.Regular, PlotFont.Bold })
        {
            Assert.Equal("Inter", face.FamilyName.Split(' ')[0]);
            using var font = new SKFont(face);
            Assert.True(font.ContainsGlyphs(string.Concat(Enumerable.Range(32, 95).Select(c => (char)c)) + "·"));
        }
    }

    [Fact]
    public void Plots_take_the_embedded_font_whatever_fonts_the_machine_has()
    {
        Draw([]).Dispose();
        Assert.Equal("Inter", ScottPlot.Fonts.GetTypeface(PlotFont.Name, bold: false, italic: false).FamilyName.Split(' ')[0]);
        Assert.NotEqual(PlotFont.Name, ScottPlot.Fonts.Default);
    }

    [Fact]
    public void Values_that_are_not_finite_leave_a_gap()
    {
        using var picture = Draw([new TrainingLogEntry(1, 1, double.NaN, 1, 1e-4), new TrainingLogEntry(2, 1, double.PositiveInfinity, 1, 1e-4), new TrainingLogEntry(3, 1, 1, 1, 1e-4)]);
        Assert.True(Ink(picture, PageTitle) > 1500);
    }

    [Fact]
    public void Thinning_keeps_the_outline()
    {
        var values = Enumerable.Range(0, 10_000).Select(i => i == 5_432 ? 9.0 : Math.Sin(i / 50.0)).ToArray();
        var thin = new Curve([.. values.Select((_, i) => (double)i)], values).Thinned(1000);
        Assert.InRange(thin.Count, 500, 1002);
        Assert.Equal((0.0, 9_999.0), (thin.Steps[0], thin.Steps[^1]));
        Assert.Contains(9.0, thin.Values);
    }

    [Fact]
    public void Smoothing_does_not_lag() => Assert.Equal([0, 1, 2, 3, 4], new Curve([0, 1, 2, 3, 4], [0, 1, 2, 3, 4]).Smoothed(2).Values);

    [Fact]
    public void The_first_of_equal_values_is_the_best()
    {
        var curve = new Curve([1, 2, 3], [0.5, 0.7, 0.7]);
        Assert.Equal((2, 0.7), curve.Best(highest: true));
        Assert.Equal((1, 0.5), curve.Best(highest: false));
        Assert.Null(new Curve([], []).Best(highest: true));
    }

    internal static List<LogEntry> History(int logs, bool evaluated)
    {
        var random = new Random(1);
        var history = new List<LogEntry>();
        for (var i = 1; i <= logs; i++)
        {
            var x = i / (double)Math.Max(logs, 5);
            history.Add(new TrainingLogEntry(i * 10, x, 0.5 + (1.5 * Math.Exp(-5 * x)) + (0.1 * random.NextDouble()), 1, 8e-5 * Math.Min(4 * x, 0.55 * (1 + Math.Cos(Math.PI * x)))));
            if (!evaluated || i % Math.Max(1, logs / 12) != 0) continue;
            var style = 0.3 + (0.5 * (1 - Math.Exp(-4 * x))) + (0.05 * random.NextDouble());
            var flow = 0.55 + (0.2 * x);
            KeyValuePair<string, double>[] values =
                [new("eval_loss", 0.65 + Math.Exp(-4 * x) + (0.2 * x * x)), new("eval_style_consistency", style), new("eval_dialogue_flow", flow), new("eval_combined_score", (0.6 * style) + (0.4 * flow))];
            history.Add(new EvaluationLogEntry(i * 10, x, values, 60, 8, TimeSpan.FromSeconds(1)));
        }
        return history;
    }

    private static SKBitmap Draw(List<LogEntry> history)
    {
        var step = history.Count == 0 ? 0 : history[^1].Step;
        var png = ProgressPlot.Draw(ProgressCurves.Of(history) with { Step = step, MaxSteps = 2 * step, Epoch = 1.5 });
        return SKBitmap.Decode(png);
    }

    private static IEnumerable<SKRectI> Each(int left, int top, int right, int bottom)
    {
        foreach (var y in new[] { 0, 490 })
            foreach (var x in new[] { 0, 784 })
                yield return new SKRectI(left + x, top + y, right + x, bottom + y);
    }

    /// <summary>Pixels of the colours of text: dark, without the hue of a curve.</summary>
    private static int Ink(SKBitmap picture, SKRectI area)
    {
        var count = 0;
        for (var y = area.Top; y < area.Bottom; y++)
            for (var x = area.Left; x < area.Right; x++)
            {
                var c = picture.GetPixel(x, y);
                if (Math.Max(c.Red, Math.Max(c.Green, c.Blue)) < 170 && Math.Max(c.Red, Math.Max(c.Green, c.Blue)) - Math.Min(c.Red, Math.Min(c.Green, c.Blue)) < 45) count++;
            }
        return count;
    }
}
