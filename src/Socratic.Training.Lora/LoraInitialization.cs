using System.Globalization;

namespace Socratic.Training.Lora;

/// <summary>How A and B start (PEFT's <c>init_lora_weights</c>). Those that change the base weights say so.</summary>
public sealed class LoraInitialization : IEquatable<LoraInitialization>
{
    private const string FastPissaPrefix = "pissa_niter_";

    private LoraInitialization(string name, int loftqIterations = 1)
    {
        Name = name;
        LoftqIterations = loftqIterations;
    }

    /// <summary>A Kaiming uniform (a = sqrt 5), B zero: the adapter starts without effect.</summary>
    public static LoraInitialization Default { get; } = new("true");

    /// <summary>A and B both random: for tests, where an adapter must have an effect at once.</summary>
    public static LoraInitialization Random { get; } = new("false");

    /// <summary>A normal with standard deviation 1/r, B zero.</summary>
    public static LoraInitialization Gaussian { get; } = new("gaussian");

    /// <summary>A and B random with orthogonal rows and columns and B A = 0; the rank must be even.</summary>
    public static LoraInitialization Orthogonal { get; } = new("orthogonal");

    /// <summary>The principal singular values and vectors of W (PiSSA, arXiv 2404.02948). Changes the base weights to the residual.</summary>
    public static LoraInitialization Pissa { get; } = new("pissa");

    /// <summary>The leading part of a QR decomposition of W (OLoRA, arXiv 2406.01775). Changes the base weights to the residual.</summary>
    public static LoraInitialization Olora { get; } = new("olora");

    /// <summary>PEFT's spelling; <c>true</c> and <c>false</c> for <see cref="Default"/> and <see cref="Random"/>.</summary>
    public string Name { get; }

    /// <summary>True if the initialization changes the base weights, so that the adapter belongs to the changed weights.</summary>
    public bool ChangesBase => Name is "pissa" or "olora" or "loftq" || FastPissaIterations is not null;

    /// <summary>The iterations of <see cref="PissaFast"/>, or null.</summary>
    public int? FastPissaIterations
        => Name.StartsWith(FastPissaPrefix, StringComparison.Ordinal)
            && int.TryParse(Name.AsSpan(FastPissaPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var iterations) ? iterations : null;

    /// <summary>PiSSA by a randomized decomposition of so many iterations: much faster, not reproducible on reload, so convert before saving.</summary>
    public static LoraInitialization PissaFast(int iterations)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(iterations);
        return new(FastPissaPrefix + iterations.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>
    /// What 4 bits lose of W, as far as the rank goes (LoftQ, arXiv 2310.08659): for layers that were brought to 4 bits as they were loaded. Without the scale,
    /// as in PEFT: only alpha = r starts where the dense model was.
    /// </summary>
    public static LoraInitialization Loftq { get; } = new("loftq");

    /// <summary>LoftQ by so many turns of bringing W - B A to 4 bits and decomposing the rest (<c>loftq_iter</c>).</summary>
    public static LoraInitialization LoftqIterated(int iterations)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(iterations, 1);
        return new("loftq", iterations);
    }

    /// <summary>True for <see cref="Loftq"/>, whatever its turns.</summary>
    internal bool IsLoftq => Name == "loftq";

    /// <summary>The turns of <see cref="LoftqIterated"/>.</summary>
    internal int LoftqIterations { get; }

    /// <summary>EVA starts A from data and leaves the base alone: a finished adapter loads like any other.</summary>
    internal static LoraInitialization Eva { get; } = new("eva");

    /// <summary>The initialization of PEFT's spelling, or null.</summary>
    internal static LoraInitialization? FromName(string name)
    {
        var known = new[] { Gaussian, Orthogonal, Pissa, Olora, Loftq, Eva }.FirstOrDefault(k => k.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
        if (known is not null) return known;
        var fast = new LoraInitialization(name);
        return fast.FastPissaIterations is not null ? fast : null;
    }

    /// <inheritdoc/>
    public bool Equals(LoraInitialization? other) => other?.Name == Name && other.LoftqIterations == LoftqIterations;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as LoraInitialization);

    /// <inheritdoc/>
    public override int GetHashCode() => Name.GetHashCode(StringComparison.Ordinal);

    /// <inheritdoc/>
    public override string ToString() => Name;
}
