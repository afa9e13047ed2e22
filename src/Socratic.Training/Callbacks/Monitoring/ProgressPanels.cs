using System.Globalization;
using ScottPlot;
using ScottPlot.TickGenerators;

namespace Socratic.Training.Callbacks.Monitoring;

/// <summary>The four panels of the picture. Labels are English: the embedded font holds ASCII, and missing glyphs would vanish silently.</summary>
internal static class ProgressPanels
{
    public static readonly Color Paper = Color.FromHex("#F5F6F8");
    public static readonly Color Ink = Color.FromHex("#1F2937");
    public static readonly Color Grey = Color.FromHex("#5B6472");
    public static readonly Color Edge = Color.FromHex("#DDE1E7");

    private static readonly Color Grid = Color.FromHex("#E3E7EC");
    private static readonly Color Blue = Color.FromHex("#2563EB");
    private static readonly Color Orange = Color.FromHex("#D9640B");
    private static readonly Color Green = Color.FromHex("#0B8A6B");
    private static readonly Color Violet = Color.FromHex("#7C3AED");

    private const int MostPoints = 1500;
    private const int MarkersUpTo = 40;

    // Scores that hardly move should look so.
    private const double LeastScoreSpan = 0.1;

    public static ProgressPanel Loss(ProgressCurves curves)
    {
        var plot = NewPlot();
        var smooth = curves.Loss.Count >= 30;
        if (smooth) Line(plot, curves.Loss, Blue.WithAlpha(.25), 1.5f);
        Line(plot, smooth ? curves.Loss.Smoothed(Math.Max(2, curves.Loss.Count / 40)) : curves.Loss, Blue);
        Line(plot, curves.EvaluationLoss, Orange);
        MarkBest(plot, curves.EvaluationLoss, highest: false, above: TrainingLiesBelow(curves), Orange);
        Finish(plot, curves, "no loss logged yet", "0.###", 0, curves.Loss, curves.EvaluationLoss);
        return new ProgressPanel("Loss", plot, Legend(("training", Blue, curves.Loss), ("evaluation", Orange, curves.EvaluationLoss)));
    }

    public static ProgressPanel LearningRate(ProgressCurves curves)
    {
        var plot = NewPlot();
        Line(plot, curves.LearningRate, Green);
        Finish(plot, curves, "no learning rate logged yet", "0.##e-0", 0, curves.LearningRate);
        return new ProgressPanel("Learning rate", plot, []);
    }

    public static ProgressPanel StyleAndFlow(ProgressCurves curves)
    {
        var plot = NewPlot();
        Line(plot, curves.Style, Blue);
        Line(plot, curves.Flow, Orange);
        Finish(plot, curves, "no style evaluated", "0.###", LeastScoreSpan, curves.Style, curves.Flow);
        return new ProgressPanel("Style and flow", plot, Legend(("style consistency", Blue, curves.Style), ("dialogue flow", Orange, curves.Flow)));
    }

    public static ProgressPanel Combined(ProgressCurves curves)
    {
        var plot = NewPlot();
        Line(plot, curves.Combined, Violet);
        MarkBest(plot, curves.Combined, highest: true, above: true, Violet);
        Finish(plot, curves, "no style evaluated", "0.###", LeastScoreSpan, curves.Combined);
        return new ProgressPanel("Combined score", plot, Legend(("0.6 style + 0.4 flow", Violet, curves.Combined)));
    }

    private static IReadOnlyList<(string Name, Color Color)> Legend(params (string Name, Color Color, Curve Curve)[] lines) => [.. lines.Where(l => l.Curve.Count > 0).Select(l => (l.Name, l.Color))];

    private static Plot NewPlot()
    {
        var plot = new Plot();
        plot.RenderManager.ClearCanvasBeforeEachRender = false;
        plot.XLabel("step", 17);
        plot.Axes.Bottom.Label.Bold = false;
        plot.Axes.Bottom.Label.ForeColor = Grey;
        plot.Axes.Left.MinimumSize = 68;
        plot.FigureBackground.Color = Colors.Transparent;
        plot.DataBackground.Color = Colors.Transparent;
        plot.Grid.MajorLineColor = Grid;
        plot.Grid.MajorLineWidth = 1;
        plot.HideLegend();
        return plot;
    }

    private static void Line(Plot plot, Curve curve, Color color, float width = 3)
    {
        if (curve.Count == 0) return;
        var shown = curve.Thinned(MostPoints);
        var line = plot.Add.Scatter(shown.Steps, shown.Values, color);
        line.LineWidth = width;
        line.MarkerSize = width >= 3 && shown.Count <= MarkersUpTo ? 8 : 0;
    }

    /// <summary>Whether the curve of the training loss passes below the best evaluation, where a label would lie on it.</summary>
    private static bool TrainingLiesBelow(ProgressCurves curves)
    {
        if (curves.Loss.Count == 0 || curves.EvaluationLoss.Best(highest: false) is not var (step, value)) return false;
        var nearest = Enumerable.Range(0, curves.Loss.Count).MinBy(i => Math.Abs(curves.Loss.Steps[i] - step));
        return curves.Loss.Values[nearest] < value;
    }

    /// <summary>A ring and the value beside it.</summary>
    private static void MarkBest(Plot plot, Curve curve, bool highest, bool above, Color color)
    {
        if (curve.Best(highest) is not var (step, value)) return;
        var ring = plot.Add.Marker(step, value, MarkerShape.OpenCircle, 17, color);
        ring.MarkerLineWidth = 3;
        var text = plot.Add.Text("best " + value.ToString("0.000", CultureInfo.InvariantCulture), step, value);
        var atLeft = step < 0.08 * curve.Steps[^1];
        var atRight = step > 0.92 * curve.Steps[^1];
        text.Alignment = above
            ? (atLeft ? Alignment.LowerLeft : atRight ? Alignment.LowerRight : Alignment.LowerCenter)
            : (atLeft ? Alignment.UpperLeft : atRight ? Alignment.UpperRight : Alignment.UpperCenter);
        text.OffsetY = above ? -12 : 12;
        text.OffsetX = atRight ? 12 : atLeft ? -12 : 0;
        text.LabelFontSize = 17;
        text.LabelFontColor = color;
    }

    private static void Finish(Plot plot, ProgressCurves curves, string nothing, string format, double leastSpan, params Curve[] shown)
    {
        Scale(plot, curves, leastSpan, shown);
        if (Array.TrueForAll(shown, c => c.Count == 0)) Blank(plot, nothing);
        else Ticks(plot, format);
        plot.Axes.Right.FrameLineStyle.Width = plot.Axes.Top.FrameLineStyle.Width = 0;
        // Not Plot.Font.Set: it would change the font of the program's own plots too.
        plot.Axes.Bottom.Label.FontName = plot.Axes.Bottom.TickLabelStyle.FontName = plot.Axes.Left.TickLabelStyle.FontName = PlotFont.Name;
        foreach (var text in plot.GetPlottables<ScottPlot.Plottables.Text>()) text.LabelFontName = PlotFont.Name;
    }

    private static void Scale(Plot plot, ProgressCurves curves, double leastSpan, Curve[] shown)
    {
        var last = Math.Max(1, Math.Max(curves.Step, shown.SelectMany(c => c.Steps).DefaultIfEmpty(0).Max()));
        var values = shown.SelectMany(c => c.Values).DefaultIfEmpty(0).ToList();
        var (low, high) = (values.Min(), values.Max());
        var missing = Math.Max(0, leastSpan - (high - low)) / 2;
        (low, high) = (low - missing, high + missing);
        var room = high > low ? 0.16 * (high - low) : Math.Max(Math.Abs(high) * 0.2, 1e-9);
        plot.Axes.SetLimits(-0.02 * last, 1.03 * last, low < 0 ? low - room : Math.Max(low - room, -0.03 * high), high + room);
    }

    private static void Blank(Plot plot, string nothing)
    {
        var area = plot.Axes.GetLimits();
        var text = plot.Add.Text(nothing, area.HorizontalCenter, area.VerticalCenter);
        text.Alignment = Alignment.MiddleCenter;
        text.LabelFontSize = 20;
        text.LabelFontColor = Grey;
        plot.Grid.IsVisible = false;
        plot.XLabel("");
        foreach (var axis in new IAxis[] { plot.Axes.Left, plot.Axes.Bottom })
        {
            axis.TickGenerator = new EmptyTickGenerator();
            axis.FrameLineStyle.Width = 0;
        }
    }

    private static void Ticks(Plot plot, string format)
    {
        plot.Axes.Left.TickGenerator = new NumericAutomatic { LabelFormatter = value => Number(value, format), TargetTickCount = 6 };
        plot.Axes.Bottom.TickGenerator = new NumericAutomatic { LabelFormatter = value => value.ToString("N0", CultureInfo.InvariantCulture), IntegerTicksOnly = true, TargetTickCount = 8 };
        foreach (var axis in new IAxis[] { plot.Axes.Left, plot.Axes.Bottom })
        {
            axis.TickLabelStyle.FontSize = 17;
            axis.TickLabelStyle.ForeColor = Grey;
            axis.MinorTickStyle.Length = 0;
            axis.MajorTickStyle.Length = 0;
            axis.FrameLineStyle.Width = 0;
        }
        plot.Axes.Bottom.FrameLineStyle.Width = 1.5f;
        plot.Axes.Bottom.FrameLineStyle.Color = Edge;
    }

    private static string Number(double value, string format) => Math.Abs(value) < 1e-15 ? "0" : value.ToString(format, CultureInfo.InvariantCulture);
}

/// <summary>A panel: its title and legend stand above the plot, where they cover no curve.</summary>
internal sealed record ProgressPanel(string Title, Plot Plot, IReadOnlyList<(string Name, Color Color)> Legend);
