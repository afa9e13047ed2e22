using Socratic.Training.Data;
using Socratic.Training.Layers;
using Socratic.Training.Layers.Kernels;
using Socratic.Training.Tests.Models;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Socratic.Training.Tests.Layers;

/// <summary>An exception inside a backward reaches the caller, and not the end of the process.</summary>
public sealed class GuardedFunctionTests
{
    [Fact]
    public void TheOriginalComesOutWithItsStackAndTheLayersBelowGetNoGradient()
    {
        using var chain = new Chain();
        var error = new InvalidOperationException("no memory");
        chain.Upper.InBackward = error;
        chain.Backward();
        Assert.Null(chain.Below.grad);
        Assert.NotNull(chain.Above.grad);
        // The function below it is not asked at all, nor does its failure hide the first.
        Assert.Equal((1, 0), (chain.Upper.Backwards, chain.Lower.Backwards));
        var thrown = Assert.Throws<InvalidOperationException>(BackwardFailure.Throw);
        Assert.Same(error, thrown);
        Assert.Contains("FailingFunction.Fail", thrown.StackTrace, StringComparison.Ordinal);
        BackwardFailure.Throw();

        chain.Upper.InBackward = null;
        chain.Backward();
        BackwardFailure.Throw();
        Assert.NotNull(chain.Below.grad);
    }

    [Fact]
    public void FailuresAndSuccessesLeaveNoTensorBehind()
    {
        using var chain = new Chain();
        Round();
        TinyModel.Settle();
        long[] counts = [.. Enumerable.Range(0, 5).Select(_ => Round())];
        Assert.Single(counts.Distinct());

        long Round()
        {
            foreach (var failure in new[] { chain.Upper, chain.Lower })
            {
                failure.InBackward = new InvalidOperationException("no memory");
                for (var i = 0; i < 3; i++) chain.Backward();
                Assert.Throws<InvalidOperationException>(BackwardFailure.Throw);
                failure.InBackward = null;
                chain.Backward();
                BackwardFailure.Throw();
            }
            return Tensor.TotalCount;
        }
    }

    [Fact]
    public void AnExceptionOfAForwardComesOutAsItIs()
    {
        using var chain = new Chain();
        var error = chain.Upper.InForward = new InvalidOperationException("no memory");
        Assert.Same(error, Assert.Throws<InvalidOperationException>(chain.Backward));
        BackwardFailure.Throw();
        chain.Upper.InForward = null;
        chain.Backward();
        BackwardFailure.Throw();
        Assert.NotNull(chain.Below.grad);
    }

    [Theory, InlineData(false, false), InlineData(true, false), InlineData(true, true)]
    public void AModelWhoseLayerFailsLeavesNoTensorBehindAlsoWhereBlocksAreComputedAgain(bool isCheckpointed, bool inForward)
    {
        using var tiny = new TinyModel();
        using var model = CausalLanguageModel.Load(tiny.Folder);
        model.GradientCheckpointing = isCheckpointed;
        model.train();
        var failure = new Failure();
        var (path, layer, _) = model.LinearLayers.Last(l => l.Path.EndsWith("down_proj", StringComparison.Ordinal));
        model.ReplaceLinear(path, new FailingLinear((DenseLinear)layer, failure));
        using var batch = new TokenRows([new TokenRow([3, 4, 5, 6, 7])]).Collate([0]);
        Round();
        TinyModel.Settle();
        long[] counts = [.. Enumerable.Range(0, 4).Select(_ => Round())];
        Assert.Single(counts.Distinct());

        long Round()
        {
            var error = new InvalidOperationException("no memory");
            using (NewDisposeScope())
            {
                var loss = model.ComputeLoss(batch).Value;
                if (inForward) failure.InForward = error;
                else failure.InBackward = error;
                loss.backward();
                Assert.Same(error, Assert.Throws<InvalidOperationException>(BackwardFailure.Throw));
                failure.InForward = failure.InBackward = null;
                model.ComputeLoss(batch).Value.backward();
                BackwardFailure.Throw();
            }
            using (NewDisposeScope())
            {
                Assert.All(model.parameters(), p => Assert.NotNull(p.grad));
                foreach (var p in model.parameters()) p.grad = null;
            }
            return Tensor.TotalCount;
        }
    }

    /// <summary>Kernels below, between and above two functions that may fail, a layer of torch's own between them.</summary>
    private sealed class Chain : IDisposable
    {
        private readonly Linear linear = nn.Linear(8, 8);
        private readonly Tensor input = randn(5, 8);

        public Parameter Below { get; } = new(ones(8));

        public Parameter Above { get; } = new(randn(6, 8));

        public Failure Lower { get; } = new();

        public Failure Upper { get; } = new();

        public void Backward()
        {
            using var scope = NewDisposeScope();
            Below.grad = Above.grad = null;
            var hidden = linear.call(FusedNorm.Apply(input, Below, 1e-6, 0, ScalarType.Float32));
            hidden = linear.call(FailingFunction.Apply(FusedGate.Apply(hidden, hidden, Activation.Silu), Lower));
            hidden = FailingFunction.Apply(hidden, Upper);
            hidden = FusedGate.Apply(hidden, hidden, Activation.Silu);
            HeadLoss.Sum(hidden, Above, zeros([5], ScalarType.Int64), null).backward();
        }

        public void Dispose()
        {
            linear.Dispose();
            input.Dispose();
            Below.Dispose();
            Above.Dispose();
        }
    }
}
