using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Cpu.Memory;

/// <summary>Where a layer's keys and values lie within a page, in floats.</summary>
/// <param name="Offset">First float of head 0's keys.</param>
/// <param name="KeyFloats">Keys of one head: tiles of sixteen positions, [tile][headDim][16].</param>
/// <param name="ValueWidth">Floats of one value row: headDim up to the next multiple of 16, padding zero.</param>
/// <param name="HeadFloats">Keys and values of one head.</param>
internal readonly record struct KvLayerLayout(int Offset, int KeyFloats, int ValueWidth, int HeadFloats);

/// <summary>
/// The inside of a page: [layer][kv head][keys, then values]. Keys are stored with positions in lanes, so that
/// sixteen scores are one chain of multiply-adds each; values with dimensions in lanes.
/// </summary>
internal sealed class KvLayout
{
    public const int TileTokens = 16;

    private readonly KvLayerLayout[] _layers;

    public KvLayout(DecoderSpec spec, KvGeometry geometry)
    {
        _layers = new KvLayerLayout[spec.Layers.Count];
        var offset = 0;
        for (var layer = 0; layer < _layers.Length; layer++)
        {
            if (layer % geometry.LayersPerPage == 0) offset = 0;
            var attention = spec.Layers[layer].Attention;
            var tiles = (geometry.PageTokens + TileTokens - 1) / TileTokens;
            var keys = checked(tiles * attention.HeadDim * TileTokens);
            var width = (attention.HeadDim + 15) / 16 * 16;
            var head = checked(keys + (geometry.PageTokens * width));
            _layers[layer] = new KvLayerLayout(offset, keys, width, head);
            offset = checked(offset + (attention.KvHeads * head));
            PageFloats = Math.Max(PageFloats, offset);
        }
    }

    public int PageFloats { get; }

    public long PageBytes => PageFloats * (long)sizeof(float);

    public KvLayerLayout this[int layer] => _layers[layer];
}
