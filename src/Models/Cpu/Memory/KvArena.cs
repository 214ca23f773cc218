using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Cpu.Memory;

/// <summary>All KV pages in one block of native memory. Pages are touched, and so paid for, when first written.</summary>
internal sealed unsafe class KvArena : IDisposable
{
    private readonly NativeBuffer _memory;

    public KvArena(DecoderSpec spec, KvGeometry geometry, int pageCount, KvFormat format)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(pageCount);
        Geometry = geometry;
        PageCount = pageCount;
        Format = format;
        Layout = new KvLayout(spec, geometry, format);
        _memory = new NativeBuffer(checked(Layout.PageBytes * pageCount));
    }

    public KvGeometry Geometry { get; }

    public int PageCount { get; }

    public KvFormat Format { get; }

    public KvLayout Layout { get; }

    /// <summary>Keys of a head within a page: tiles of sixteen positions.</summary>
    public byte* Keys(int page, KvLayerLayout layer, int head) =>
        _memory.Bytes + (page * Layout.PageBytes) + layer.Offset + ((long)head * layer.HeadBytes);

    /// <summary>Values of a head within a page, [PageTokens][ValueWidth], and their scales.</summary>
    public byte* Values(int page, KvLayerLayout layer, int head) => Keys(page, layer, head) + layer.KeyBytes;

    /// <summary>Stores one position's key and value of one head, [headDim] each.</summary>
    public void Write(int page, int token, KvLayerLayout layer, int head, int headDim, float* key, float* value)
    {
        var keys = Keys(page, layer, head);
        KvRows.WriteKey(Format, keys + (token / KvLayout.TileTokens * layer.TileBytes), token % KvLayout.TileTokens, headDim, key);
        KvRows.WriteValue(Format, keys + layer.KeyBytes, token, Geometry.PageTokens, layer.ValueWidth, headDim, value);
    }

    public void Copy(int from, int to)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)from, (uint)PageCount, nameof(from));
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)to, (uint)PageCount, nameof(to));
        var bytes = Layout.PageBytes;
        Buffer.MemoryCopy(_memory.Bytes + (from * bytes), _memory.Bytes + (to * bytes), bytes, bytes);
    }

    /// <summary>
    /// Positions [0, count) of a page: into = into·(1 − α) + from·α, keys and values each with their own α
    /// (Bitune, arXiv 2405.14862), for the layers of one group. What has an α of 0 keeps its bits.
    /// </summary>
    public void Blend(DecoderSpec spec, LayerRange range, int group, int into, int from, int count, BlendSpec blend)
    {
        var first = group * Geometry.LayersPerPage;
        for (var layer = Math.Max(first, range.Lo); layer < Math.Min(first + Geometry.LayersPerPage, range.Hi); layer++)
        {
            var attention = spec.Layers[layer].Attention;
            var layout = Layout[layer];
            var (mine, other) = (new float[attention.HeadDim], new float[attention.HeadDim]);
            fixed (float* x = mine, y = other)
            {
                for (var head = 0; head < attention.KvHeads; head++)
                {
                    for (var token = 0; token < count; token++)
                    {
                        if (blend.KeyAlpha[layer] != 0)
                        {
                            var (tile, lane) = Math.DivRem(token, KvLayout.TileTokens);
                            KvRows.ReadKey(Format, Keys(into, layout, head) + (tile * layout.TileBytes), lane, attention.HeadDim, x);
                            KvRows.ReadKey(Format, Keys(from, layout, head) + (tile * layout.TileBytes), lane, attention.HeadDim, y);
                            Mix(mine, other, blend.KeyAlpha[layer]);
                            KvRows.WriteKey(Format, Keys(into, layout, head) + (tile * layout.TileBytes), lane, attention.HeadDim, x);
                        }

                        if (blend.ValueAlpha[layer] != 0)
                        {
                            KvRows.ReadValue(Format, Values(into, layout, head), token, Geometry.PageTokens, layout.ValueWidth, attention.HeadDim, x);
                            KvRows.ReadValue(Format, Values(from, layout, head), token, Geometry.PageTokens, layout.ValueWidth, attention.HeadDim, y);
                            Mix(mine, other, blend.ValueAlpha[layer]);
                            KvRows.WriteValue(Format, Values(into, layout, head), token, Geometry.PageTokens, layout.ValueWidth, attention.HeadDim, x);
                        }
                    }
                }
            }
        }
    }

    public void Dispose() => _memory.Dispose();

    private static void Mix(Span<float> into, ReadOnlySpan<float> from, float alpha)
    {
        for (var i = 0; i < into.Length; i++) into[i] = (into[i] * (1 - alpha)) + (from[i] * alpha);
    }
}
