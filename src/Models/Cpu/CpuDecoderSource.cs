using InferenceServer.Models.Decoding;
using Microsoft.Extensions.Logging;

namespace InferenceServer.Models.Cpu;

/// <summary>The embedded engine, in every build.</summary>
public sealed class CpuDecoderSource : IDecoderSource
{
    public const string Device = "cpu";

    public bool Runs(string device) => device == Device;

    public OpenedDecoder Open(DecoderSpec spec, ModelOptions options, ILogger logger, IProgress<LoadProgress>? progress)
    {
        var geometry = KvGeometry.For(spec);
        var pages = KvBudget.Pages(spec, geometry, options.KvMemory ?? KvBudget.OfProcess, CpuDecoder.BytesPerPage(spec, geometry, options.Cpu.Kv));
        var decoder = new CpuDecoder(spec, pages, options.Cpu, progress, geometry.PageTokens);
        return new OpenedDecoder(decoder, decoder.Description);
    }
}
