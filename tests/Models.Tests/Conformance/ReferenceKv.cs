using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Tests.Conformance;

/// <summary>
/// The KV arena: pages of [layer of the group, K or V, token, KV heads · head dim], addressed through a table's pages.
/// A fresh page is full of NaN, so that reading a position nobody wrote is seen in the results.
/// </summary>
internal sealed class ReferenceKv(DecoderSpec spec, KvGeometry geometry, int pageCount)
{
    private readonly int _width = spec.Layers.Max(layer => layer.Attention.KvHeads * layer.Attention.HeadDim);
    private readonly float[]?[] _pages = new float[]?[pageCount];

    /// <summary>[KV heads · head dim] of one position in one layer.</summary>
    public Span<float> Key(KvTable table, int layer, int position) => Slot(table, layer, position, 0);

    public Span<float> Value(KvTable table, int layer, int position) => Slot(table, layer, position, 1);

    public void Copy(int from, int to) => Page(from).CopyTo(Page(to), 0);

    private Span<float> Slot(KvTable table, int layer, int position, int part)
    {
        var pages = table.Pages(geometry.GroupOf(layer));
        var index = position / geometry.PageTokens;
        if (index >= pages.Count)
            throw new InvalidOperationException($"KV table {table.Id} has no page for position {position} of layer {layer}.");
        var slot = (((layer % geometry.LayersPerPage * 2) + part) * geometry.PageTokens) + (position % geometry.PageTokens);
        var attention = spec.Layers[layer].Attention;
        return Page(pages[index]).AsSpan(slot * _width, attention.KvHeads * attention.HeadDim);
    }

    private float[] Page(int page)
    {
        if (page < 0 || page >= _pages.Length)
            throw new InvalidOperationException($"Page {page} is outside the arena of {_pages.Length} pages.");
        if (_pages[page] is { } existing) return existing;
        var fresh = new float[geometry.LayersPerPage * 2 * geometry.PageTokens * _width];
        Array.Fill(fresh, float.NaN);
        return _pages[page] = fresh;
    }
}
