using InferenceServer.Models.Decoding;
using Microsoft.Extensions.Logging;

namespace InferenceServer.Models;

/// <summary>An engine of this build: which devices it runs on, and how it opens a decoder there.</summary>
public interface IDecoderSource
{
    /// <param name="device">As the setting names it: cpu, torch-cpu, cuda:0.</param>
    bool Runs(string device);

    /// <summary>Moves a model's weights to its device and sets its KV memory aside.</summary>
    /// <param name="progress">How far the weights are in place.</param>
    /// <exception cref="DeviceException">The device cannot be used, or the model does not fit.</exception>
    OpenedDecoder Open(DecoderSpec spec, ModelOptions options, ILogger logger, IProgress<LoadProgress>? progress);
}

/// <param name="Description">Engine, weights and KV in a line, for the start-up log.</param>
public sealed record OpenedDecoder(IDecoder Decoder, string Description);
