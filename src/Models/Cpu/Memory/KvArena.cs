using System.Runtime.CompilerServices;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Cpu.Memory;

/// <summary>All KV pages in one block of native memory. Pages are touched, and so paid for, when first written.</summary>
internal sealed unsafe class KvArena : IDisposable
{
    private readonly NativeBuffer _memory;

    public KvArena(DecoderSpec spec, KvGeometry geometry, int pageCount)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(pageCount);
        Geometry = geometry;
        PageCount = pageCount;
        Layout = new KvLayout(spec, geometry);
        _memory = new NativeBuffer(checked(Layout.PageBytes * pageCount));
    }

    public KvGeometry Geometry { get; }

    public int PageCount { get; }

    public KvLayout Layout { get; }

    /// <summary>Keys of a head within a page, [tile][headDim][16].</summary>
    public float* Keys(int page, KvLayerLayout layer, int head) =>
        _memory.Floats + ((long)page * Layout.PageFloats) + layer.Offset + ((long)head * layer.HeadFloats);

    /// <summary>Values of a head within a page, [PageTokens][ValueWidth].</summary>
    public float* Values(int page, KvLayerLayout layer, int head) => Keys(page, layer, head) + layer.KeyFloats;

    /// <summary>Stores one position's key and value of one head, [headDim] each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Write(int page, int token, KvLayerLayout layer, int head, int headDim, float* key, float* value)
    {
        var keys = Keys(page, layer, head) + (token / KvLayout.TileTokens * headDim * KvLayout.TileTokens) + (token % KvLayout.TileTokens);
        for (var d = 0; d < headDim; d++) keys[d * KvLayout.TileTokens] = key[d];
        var row = new Span<float>(Values(page, layer, head) + (token * layer.ValueWidth), layer.ValueWidth);
        new ReadOnlySpan<float>(value, headDim).CopyTo(row);
        row[headDim..].Clear();
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
    /// (Bitune, arXiv 2405.14862), for the layers of one group.
    /// </summary>
    public void Blend(DecoderSpec spec, int group, int into, int from, int count, BlendSpec blend)
    {
        var first = group * Geometry.LayersPerPage;
        for (var layer = first; layer < Math.Min(first + Geometry.LayersPerPage, spec.Layers.Count); layer++)
        {
            var attention = spec.Layers[layer].Attention;
            var layout = Layout[layer];
            var (keyAlpha, valueAlpha) = (blend.KeyAlpha[layer], blend.ValueAlpha[layer]);
            for (var head = 0; head < attention.KvHeads; head++)
            {
                var keys = Span(Keys(into, layout, head), layout.KeyFloats);
                var otherKeys = Span(Keys(from, layout, head), layout.KeyFloats);
                for (var tile = 0; tile * KvLayout.TileTokens < count; tile++)
                {
                    var tokens = Math.Min(KvLayout.TileTokens, count - (tile * KvLayout.TileTokens));
                    for (var d = 0; d < attention.HeadDim; d++)
                    {
                        var at = ((tile * attention.HeadDim) + d) * KvLayout.TileTokens;
                        Mix(keys.Slice(at, tokens), otherKeys.Slice(at, tokens), keyAlpha);
                    }
                }

                var length = count * layout.ValueWidth;
                Mix(Span(Values(into, layout, head), length), Span(Values(from, layout, head), length), valueAlpha);
            }
        }
    }

    public void Dispose() => _memory.Dispose();

    private static Span<float> Span(float* start, int length) => new(start, length);

    private static void Mix(Span<float> into, ReadOnlySpan<float> from, float alpha)
    {
        for (var i = 0; i < into.Length; i++) into[i] = (into[i] * (1 - alpha)) + (from[i] * alpha);
    }
}
