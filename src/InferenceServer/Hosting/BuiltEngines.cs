using System.Text.RegularExpressions;
using InferenceServer.Models;
using InferenceServer.Models.Cpu;
#if TORCH
using InferenceServer.Models.Torch;
#endif

namespace InferenceServer.Hosting;

/// <summary>The engines of this build.</summary>
internal static partial class BuiltEngines
{
    public static IReadOnlyList<IDecoderSource> All { get; } =
    [
        new CpuDecoderSource(),
#if TORCH
        new TorchDecoderSource(),
#endif
    ];

    /// <summary>Whether any build runs on such a device.</summary>
    public static bool IsKnown(string device) => KnownDevice().IsMatch(device);

    [GeneratedRegex(@"^(cpu|torch-cpu|cuda:\d{1,3})\z", RegexOptions.CultureInvariant)]
    private static partial Regex KnownDevice();
}
