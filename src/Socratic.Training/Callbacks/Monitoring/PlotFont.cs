using ScottPlot;
using SkiaSharp;

namespace Socratic.Training.Callbacks.Monitoring;

/// <summary>
/// The font of the pictures, embedded: on a machine without fonts a plot would come out without any text, and without an error.
/// It answers to a name of its own, so that plots of the program's own are left as they are.
/// </summary>
internal sealed class PlotFont : IFontResolver
{
    public const string Name = "Inter (Socratic.Training)";

    private static readonly Lazy<SKTypeface> RegularFace = new(() => Load("Inter-Regular"));
    private static readonly Lazy<SKTypeface> BoldFace = new(() => Load("Inter-SemiBold"));
    private static readonly Lock Installing = new();
    private static bool installed;

    public static SKTypeface Regular => RegularFace.Value;

    public static SKTypeface Bold => BoldFace.Value;

    /// <summary>Makes the font known to ScottPlot, once for the process.</summary>
    public static void Install()
    {
        lock (Installing)
        {
            if (installed) return;
            Fonts.FontResolvers.Insert(0, new PlotFont());
            installed = true;
        }
    }

    public SKTypeface? CreateTypeface(string fontName, FontWeight weight, FontSlant slant, FontSpacing spacing)
        => fontName != Name ? null : Load(weight >= FontWeight.SemiBold ? "Inter-SemiBold" : "Inter-Regular");

    public SKTypeface? CreateTypeface(string fontName, bool bold, bool italic)
        => fontName != Name ? null : Load(bold ? "Inter-SemiBold" : "Inter-Regular");

    private static SKTypeface Load(string file)
    {
        using var stream = typeof(PlotFont).Assembly.GetManifestResourceStream($"Socratic.Training.Fonts.{file}.ttf")!;
        return SKTypeface.FromStream(stream) ?? throw new InvalidOperationException($"The embedded font {file} could not be loaded.");
    }
}
