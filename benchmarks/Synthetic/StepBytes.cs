using InferenceServer.Models.Cpu;
using InferenceServer.Models.Cpu.Weights;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Benchmarks.Synthetic;

/// <summary>
/// Bytes a step has to read from memory: packed weights once, however many rows share them, and the KV of every
/// sequence. Activations stay in the caches and are not counted.
/// </summary>
internal sealed class StepBytes(DecoderSpec spec, CpuOptions options)
{
    private readonly Dictionary<int, long> _stripBytes = [];

    /// <summary>Weights of the layers.</summary>
    public long Layers(LayerRange range)
    {
        var bytes = 0L;
        for (var layer = range.Lo; layer < range.Hi; layer++) bytes += Products(layer).Sum(Bytes);
        return bytes;
    }

    public long Head(int head) => Bytes(spec.Heads[head].Output);

    /// <summary>Keys and values of so many positions in the layers.</summary>
    public long Kv(LayerRange range, int positions)
    {
        var geometry = KvGeometry.For(spec);
        // A page holds its positions in some of the layers; all layers of these models are alike.
        return CpuDecoder.BytesPerPage(spec, geometry, options.Kv) * range.Count * positions / (geometry.PageTokens * geometry.LayersPerPage);
    }

    /// <summary>A decode step: some sequences speak, some think in the lower layers, each after so many positions.</summary>
    public long Decode(int speaking, int thinking, int positions)
    {
        var lower = new LayerRange(0, spec.Cuts.Count > 0 ? spec.Cuts[0] : spec.Layers.Count);
        return (speaking > 0 ? Layers(spec.AllLayers) + Head(0) : Layers(lower))
            + (thinking > 0 ? Head(1) : 0)
            + (speaking * Kv(spec.AllLayers, positions))
            + (thinking * Kv(lower, positions));
    }

    /// <summary>A packed matrix: strips of 32 outputs, the last one padded.</summary>
    public long Bytes(Linear linear) => StripBytes(linear.Inputs) * ((linear.Outputs + IStripPacker.StripOutputs - 1) / IStripPacker.StripOutputs);

    /// <summary>Two operations a weight and row.</summary>
    public double Operations(LayerRange range)
    {
        var weights = 0.0;
        for (var layer = range.Lo; layer < range.Hi; layer++) weights += Products(layer).Sum(product => (double)product.Inputs * product.Outputs);
        return 2 * weights;
    }

    private Linear[] Products(int layer)
    {
        var (attention, mlp) = (spec.Layers[layer].Attention, spec.Layers[layer].Mlp);
        Linear[] always = [attention.Query, attention.Key, attention.Value, attention.Output, mlp.Up, mlp.Down];
        return mlp.Gate is { } gate ? [.. always, gate] : always;
    }

    // Asked of the packer, so that a format can be laid out another way without this being wrong.
    private long StripBytes(int inputs)
    {
        if (_stripBytes.TryGetValue(inputs, out var bytes)) return bytes;
        using var strip = PackedMatrix.Pack(options.Weights, 1, Matrix.Of(NormalBlock.For(inputs).View("strip", IStripPacker.StripOutputs, inputs, 0)));
        return _stripBytes[inputs] = strip.StripBytes;
    }
}
