using Socratic.Training.Layers;
using static TorchSharp.torch;

namespace Socratic.Training.Models;

/// <summary>What loading a folder gives.</summary>
internal sealed record LoadedParts(
    DecoderSpecification Specification, Decoder Decoder, LinearLayer? Head, ModelConfiguration Config, ModelFolder Source, ScalarType Dtype, Device Device,
    TextTokenizer? Tokenizer, string? WhyNoTokenizer);
