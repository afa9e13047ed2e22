using Socratic.Training.Data;

namespace Socratic.Training.Evaluation;

/// <summary>Metrics that are gathered batch by batch, so that nothing of the size of the logits is ever kept.</summary>
/// <typeparam name="TBatch">The kind of batch.</typeparam>
public interface IMetrics<in TBatch>
    where TBatch : IBatch
{
    /// <summary>Forgets everything: an evaluation begins.</summary>
    void Reset();

    /// <summary>Takes in one batch. The tensors live only as long as the call.</summary>
    void Add(TBatch batch, in StepOutput output);

    /// <summary>The values under their names without prefix, such as <c>style_consistency</c>.</summary>
    IReadOnlyList<KeyValuePair<string, double>> Compute();
}
