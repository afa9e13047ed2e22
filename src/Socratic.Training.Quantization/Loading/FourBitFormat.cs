using Microsoft.Extensions.Logging;
using Socratic.Training.Diagnostics;
using Socratic.Training.Layers;
using Socratic.Training.Models;
using Socratic.Training.Quantization.Codec;
using Socratic.Training.Quantization.Files;
using Socratic.Training.Quantization.Kernels;
using Socratic.Training.Quantization.Layers;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Socratic.Training.Quantization.Loading;

/// <summary>Builds a model's linear layers in 4 bits, from a dense checkpoint or from one in 4 bits.</summary>
internal sealed partial class FourBitFormat(ModelLoadOptions load, QuantizationOptions? asked) : IModelFormat
{
    private readonly QuantizationOptions options = asked ?? new QuantizationOptions();
    private bool isStored;

    /// <summary>The memory there is; tests put another figure here.</summary>
    internal Func<Device, long?> AvailableBytes { get; set; } = Available;

    /// <inheritdoc/>
    public bool NormsInFloat32 => options.NormsInFloat32;

    /// <inheritdoc/>
    public void Prepare(ModelLoadPlan plan)
    {
        isStored = plan.Quantization is not null;
        if (plan.Device.type == DeviceType.CUDA) GpuFourBit.Prepare(plan.Device, load.Logger);
        if (plan.Quantization is { } config) BitsAndBytesConfig.Check(config, Path.Combine(plan.Folder, "config.json"));
        if (isStored && asked is not null && load.Logger is { } logger) KeepsItsForm(logger, plan.Folder);
        if (AvailableBytes(plan.Device) is { } available) MemoryNeed.Of(plan, BytesOf, load.PlannedMicroBatch, NormsInFloat32).Check(plan.Folder, available);
    }

    /// <inheritdoc/>
    public LinearLayer? Create(LinearRequest request)
    {
        if (request.IsOutputEmbedding) return null;
        if (StoredWeight.IsIn(request.Tensors)) return Stored(request);
        if (isStored) return DenseAmongStored(request);
        return IsSkipped(request.Path) ? null : Quantized(request);
    }

    /// <inheritdoc/>
    public void Attach(CausalLanguageModel model) => model.Artifacts.Add(new FourBitArtifact(model, options));

    private QuantizedLinear Stored(LinearRequest request)
    {
        CheckNames(request);
        var weight = StoredWeight.Read(request.Tensors, request.InFeatures, request.OutFeatures).To(request.Device);
        return new QuantizedLinear(weight, Bias(request, NormsInFloat32 ? ScalarType.Float32 : request.Dtype), ComputeDtype(request), request.Dtype);
    }

    private QuantizedLinear Quantized(LinearRequest request)
    {
        using var scope = NewDisposeScope();
        var dense = Dense(request, StoredWeight.Codes, [request.OutFeatures, request.InFeatures]);
        if (dense.dtype == ScalarType.Float64) dense = dense.to(ScalarType.Float32);
        var codes = QuantizedTensor.Quantize(dense, options);
        if (!codes.SourceIsFinite)
        {
            codes.Dispose();
            throw new InvalidDataException($"{request.Tensors.Locate(StoredWeight.Codes)} holds NaN or infinity, which 4 bits cannot; the checkpoint is broken.");
        }
        // The dtype that a state tells is that of the model: what bitsandbytes would have been given.
        var weight = new QuantizedTensor(codes.Packed, codes.Absmax, codes.Nested, codes.Type, codes.BlockSize, request.Dtype, codes.Shape).To(request.Device);
        return new QuantizedLinear(weight, Bias(request, NormsInFloat32 ? ScalarType.Float32 : request.Dtype), ComputeDtype(request), request.Dtype, () => request.ReadLater(StoredWeight.Codes));
    }

    /// <summary>A layer that was left out when the checkpoint was brought to 4 bits.</summary>
    private static DenseLinear DenseAmongStored(LinearRequest request)
    {
        CheckNames(request);
        return new DenseLinear(Parameter(request, StoredWeight.Codes, [request.OutFeatures, request.InFeatures], request.Dtype), Bias(request, request.Dtype));
    }

    private static void CheckNames(LinearRequest request)
    {
        foreach (var name in request.Tensors.Names)
            if (name != StoredWeight.Codes && !name.StartsWith("weight.", StringComparison.Ordinal) && !(name == "bias" && request.HasBias))
                throw new InvalidDataException($"{request.Tensors.Locate(name)}: the layer has no such tensor.");
    }

    private static Parameter? Bias(LinearRequest request, ScalarType dtype) => request.HasBias ? Parameter(request, "bias", [request.OutFeatures], dtype) : null;

    /// <summary>Norms in float32 make inputs float32; what <see cref="QuantizedComputeDtype.Auto"/> multiplies in is still the model's dtype.</summary>
    private QuantizedComputeDtype ComputeDtype(LinearRequest request) => options.ComputeDtype == QuantizedComputeDtype.Auto && NormsInFloat32
        ? request.Dtype == ScalarType.BFloat16 ? QuantizedComputeDtype.BFloat16 : QuantizedComputeDtype.Float32
        : options.ComputeDtype;

    /// <summary>The values that a parameter has in the model's dtype, in that dtype or another.</summary>
    private static Parameter Parameter(LinearRequest request, string name, long[] shape, ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        var parameter = new Parameter(Dense(request, name, shape).to(request.Dtype, request.Device).to(dtype));
        parameter.DetachFromDisposeScope();
        return parameter;
    }

    private static Tensor Dense(LinearRequest request, string name, long[] shape)
    {
        var dense = request.Tensors.Read(name);
        if (dense.is_floating_point() && dense.shape.SequenceEqual(shape)) return dense;
        throw new InvalidDataException(
            $"{request.Tensors.Locate(name)}: found {dense.dtype} [{string.Join(", ", dense.shape)}], expected float32, bfloat16 or float16 [{string.Join(", ", shape)}]"
            + (dense.dtype == ScalarType.Byte ? ", or a quantization state beside it." : "."));
    }

    private long? BytesOf(PlannedWeight weight)
    {
        if (isStored) return weight.StoredBytes;
        if (IsSkipped(weight.Name[..weight.Name.LastIndexOf('.')])) return null;
        var blocks = (weight.Count + options.BlockSize - 1) / options.BlockSize;
        return weight.Count / 2 + (options.DoubleQuantization ? blocks + blocks / 64 + 1024 : 4 * blocks);
    }

    private bool IsSkipped(string path) => options.SkipModules.Any(skipped =>
        path == skipped || path.StartsWith(skipped + ".", StringComparison.Ordinal) || path.EndsWith("." + skipped, StringComparison.Ordinal));

    private static long? Available(Device device)
        => device.type == DeviceType.CUDA ? MemoryFigures.Read() is { GpuBytes: { } used, GpuTotalBytes: { } total } ? total - used : null : MemoryFigures.AvailableHostBytes();

    [LoggerMessage(Level = LogLevel.Information, Message = "{Folder}: the checkpoint is in 4 bits already; its type, block size and scales are kept, of the options those of compute dtype and norms are used.")]
    private static partial void KeepsItsForm(ILogger logger, string folder);
}
