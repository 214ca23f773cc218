using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Cpu.Memory;

/// <summary>Where a layer's keys and values lie within a page, in bytes.</summary>
/// <param name="Offset">First byte of head 0's keys.</param>
/// <param name="TileBytes">Keys of one head at sixteen positions.</param>
/// <param name="KeyBytes">Keys of one head.</param>
/// <param name="ValueWidth">Elements of one value row: headDim up to the next multiple of 16, padding zero.</param>
/// <param name="HeadBytes">Keys and values of one head, a whole number of cache lines.</param>
internal readonly record struct KvLayerLayout(int Offset, int TileBytes, int KeyBytes, int ValueWidth, int HeadBytes);

/// <summary>
/// The inside of a page: [layer][kv head]{ keys [tile]{ [headDim][16 positions], int8: 16 scales }, values [position][width],
/// int8: [position] scales }. Keys are stored with positions in lanes, so that sixteen scores are one chain of
/// multiply-adds each; values with dimensions in lanes.
/// </summary>
internal sealed class KvLayout
{
    public const int TileTokens = 16;

    private const int Line = 64;

    private readonly KvLayerLayout[] _layers;

    public KvLayout(DecoderSpec spec, KvGeometry geometry, KvFormat format)
    {
        _layers = new KvLayerLayout[spec.Layers.Count];
        var (element, scale) = format switch
        {
            KvFormat.F32 => (sizeof(float), 0),
            KvFormat.BF16 => (sizeof(ushort), 0),
            KvFormat.Q8 => (sizeof(sbyte), sizeof(float)),
            _ => throw new ArgumentOutOfRangeException(nameof(format), format, "Unknown KV format."),
        };
        var offset = 0;
        for (var layer = 0; layer < _layers.Length; layer++)
        {
            if (layer % geometry.LayersPerPage == 0) offset = 0;
            var attention = spec.Layers[layer].Attention;
            var tiles = (geometry.PageTokens + TileTokens - 1) / TileTokens;
            var tile = checked(((attention.HeadDim * element) + scale) * TileTokens);
            var keys = checked(tiles * tile);
            var width = (attention.HeadDim + 15) / 16 * 16;
            var head = checked((keys + (geometry.PageTokens * ((width * element) + scale)) + Line - 1) / Line * Line);
            _layers[layer] = new KvLayerLayout(offset, tile, keys, width, head);
            offset = checked(offset + (attention.KvHeads * head));
            PageBytes = Math.Max(PageBytes, offset);
        }
    }

    public long PageBytes { get; }

    public KvLayerLayout this[int layer] => _layers[layer];
}
