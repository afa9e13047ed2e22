using Socratic.Training.Quantization.Codec;

namespace Socratic.Training.Quantization.Tests.Codec;

/// <summary>Runs a check once for each way of computing that this processor has.</summary>
internal static class EveryPath
{
    public static void Run(Action check)
    {
        var before = VectorPaths.Current;
        try
        {
            foreach (var path in VectorPaths.Available)
            {
                VectorPaths.Current = path;
                try
                {
                    check();
                }
                catch (Exception e) when (e is not InvalidOperationException)
                {
                    throw new InvalidOperationException($"By {path}: {e.Message}", e);
                }
            }
        }
        finally
        {
            VectorPaths.Current = before;
        }
    }
}
