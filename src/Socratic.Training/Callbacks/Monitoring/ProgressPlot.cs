using System.Globalization;
using ScottPlot;
using SkiaSharp;
using Socratic.Training.Files;

namespace Socratic.Training.Callbacks.Monitoring;

/// <summary>The picture of a run: 2 x 2 panels of loss, learning rate, style and flow, combined score.</summary>
internal static class ProgressPlot
{
    public const string FileName = "training_progress.png";
    public const int Width = 1600;
    public const int Height = 1080;

    private const float Margin = 28;
    private const float Gap = 24;
    private const float HeaderHeight = 96;
    private const float TitleHeight = 52;

    /// <summary>Draws the picture into a file, which appears whole.</summary>
    public static void Write(string path, ProgressCurves curves)
    {
        var png = Draw(curves);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        AtomicFile.Write(path, stream => stream.Write(png));
    }

    /// <summary>The picture as PNG.</summary>
    public static byte[] Draw(ProgressCurves curves)
    {
        PlotFont.Install();
        using var surface = SKSurface.Create(new SKImageInfo(Width, Height));
        surface.Canvas.Clear(Skia(ProgressPanels.Paper));
        DrawHeader(surface.Canvas, curves);
        ProgressPanel[] panels = [ProgressPanels.Loss(curves), ProgressPanels.LearningRate(curves), ProgressPanels.StyleAndFlow(curves), ProgressPanels.Combined(curves)];
        var width = (Width - (2 * Margin) - Gap) / 2;
        var height = (Height - HeaderHeight - Margin - Gap) / 2;
        for (var i = 0; i < panels.Length; i++)
        {
            var left = Margin + (i % 2 * (width + Gap));
            var top = HeaderHeight + (i / 2 * (height + Gap));
            DrawCard(surface.Canvas, new SKRect(left, top, left + width, top + height), panels[i]);
            using var plot = panels[i].Plot;
            plot.Render(surface.Canvas, new PixelRect(left + 12, left + width - 20, top + height - 12, top + TitleHeight));
        }
        using var image = surface.Snapshot();
        using var data = image.Encode(SKEncodedImageFormat.Png, 90);
        return data.ToArray();
    }

    private static void DrawHeader(SKCanvas canvas, ProgressCurves curves)
    {
        DrawText(canvas, "Training progress", Margin, 46, PlotFont.Bold, 30, ProgressPanels.Ink);
        DrawText(canvas, Caption(curves), Margin, 76, PlotFont.Regular, 19, ProgressPanels.Grey);
    }

    internal static string Caption(ProgressCurves curves)
    {
        var parts = new List<string> { Text($"step {curves.Step:N0} of {curves.MaxSteps:N0}"), Text($"epoch {curves.Epoch:0.0#}") };
        if (curves.Loss.Count > 0) parts.Add(Text($"loss {curves.Loss.Values[^1]:0.000}"));
        if (curves.Combined.Best(highest: true) is var (step, value)) parts.Add(Text($"best combined score {value:0.000} at step {step:N0}"));
        return string.Join("  ·  ", parts);
    }

    private static void DrawCard(SKCanvas canvas, SKRect area, ProgressPanel panel)
    {
        using var fill = new SKPaint { Color = SKColors.White, IsAntialias = true };
        using var edge = new SKPaint { Color = Skia(ProgressPanels.Edge), IsAntialias = true, IsStroke = true, StrokeWidth = 1.5f };
        canvas.DrawRoundRect(area, 12, 12, fill);
        canvas.DrawRoundRect(area, 12, 12, edge);
        DrawText(canvas, panel.Title, area.Left + 24, area.Top + 38, PlotFont.Bold, 22, ProgressPanels.Ink);
        DrawLegend(canvas, area.Right - 24, area.Top + 37, panel.Legend);
    }

    /// <summary>From the right end leftwards.</summary>
    private static void DrawLegend(SKCanvas canvas, float right, float baseline, IReadOnlyList<(string Name, Color Color)> entries)
    {
        foreach (var (name, color) in entries.Reverse())
        {
            right -= DrawText(canvas, name, right, baseline, PlotFont.Regular, 17, ProgressPanels.Grey, SKTextAlign.Right) + 10;
            using var mark = new SKPaint { Color = Skia(color), IsAntialias = true, IsStroke = true, StrokeWidth = 4, StrokeCap = SKStrokeCap.Round };
            canvas.DrawLine(right - 22, baseline - 6, right, baseline - 6, mark);
            right -= 22 + 24;
        }
    }

    /// <returns>The width of the text.</returns>
    private static float DrawText(SKCanvas canvas, string text, float x, float y, SKTypeface face, float size, Color color, SKTextAlign align = SKTextAlign.Left)
    {
        using var font = new SKFont(face, size) { Edging = SKFontEdging.Antialias, Subpixel = true };
        using var paint = new SKPaint { Color = Skia(color), IsAntialias = true };
        canvas.DrawText(text, x, y, align, font, paint);
        return font.MeasureText(text);
    }

    private static SKColor Skia(Color color) => new(color.Red, color.Green, color.Blue, color.Alpha);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
