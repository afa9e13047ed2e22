namespace Socratic.Training.Optimization;

/// <summary>Parameters that share their learning rate and weight decay.</summary>
public sealed class OptimizerGroup
{
    /// <summary>A group; parameters keep their order.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The rate or the decay is negative or not finite.</exception>
    public OptimizerGroup(IReadOnlyList<TrainableParameter> parameters, double learningRate, double weightDecay = 0)
    {
        Check(learningRate, nameof(learningRate));
        Check(weightDecay, nameof(weightDecay));
        Parameters = parameters;
        BaseLearningRate = LearningRate = learningRate;
        WeightDecay = weightDecay;
    }

    /// <summary>The parameters, in the model's order.</summary>
    public IReadOnlyList<TrainableParameter> Parameters { get; }

    /// <summary>The rate that schedules multiply.</summary>
    public double BaseLearningRate { get; }

    /// <summary>The rate of the next update.</summary>
    public double LearningRate { get; set; }

    /// <summary>The weight decay; what it means (decoupled or added to the gradient) is the optimizer's.</summary>
    public double WeightDecay { get; }

    private static void Check(double value, string name)
    {
        if (!double.IsFinite(value) || value < 0) throw new ArgumentOutOfRangeException(name, value, "Must be a finite number, 0 or more.");
    }
}
