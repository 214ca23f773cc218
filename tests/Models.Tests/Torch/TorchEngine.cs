using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Decoding;
using InferenceServer.Models.Torch;

namespace InferenceServer.Models.Tests.Torch;

/// <summary>The engine under test: on the device named by TORCH_DEVICE, torch-cpu where nothing is named.</summary>
internal static class TorchEngine
{
    /// <summary>How near the numbers of a row come in f32 that was computed in other company.</summary>
    public const double Tolerance = 2e-5;

    public static string Name => Environment.GetEnvironmentVariable("TORCH_DEVICE") ?? "torch-cpu";

    public static IDecoder Create(DecoderSpec spec, int pages) => Create(spec, pages, KvGeometry.DefaultPageTokens);

    public static IDecoder Create(DecoderSpec spec, int pages, int pageTokens) => Open(spec, pages, pageTokens);

    public static TorchDecoder Open(DecoderSpec spec, int pages, int pageTokens = KvGeometry.DefaultPageTokens, DType type = DType.F32) =>
        new(spec, TorchDecoderSource.Device(Name, type), () => pages, pageTokens: pageTokens);
}
