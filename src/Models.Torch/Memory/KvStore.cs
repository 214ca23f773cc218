using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Torch.Memory;

/// <summary>
/// All KV pages, allocated once: per layer of a page one tensor of keys and one of values, [kv heads, slots, head size],
/// where slot page·PageTokens + i holds position i of a page. Heads come first, so that the keys of any slots are a batch
/// of matrices. One page more than the ledger knows stays zero: what pads a batch points there, and a number that is not
/// finite in one sequence's page never meets another's rows, not even times zero.
/// </summary>
internal sealed class KvStore : IDisposable
{
    private readonly Dictionary<(int Layer, int KvHeads, int HeadDim), (Tensor Keys, Tensor Values)> _memory = [];
    private readonly (Tensor Keys, Tensor Values)[] _layers;
    private readonly KvGeometry _geometry;
    private readonly TorchDevice _device;

    public KvStore(DecoderSpec spec, KvGeometry geometry, int pageCount, TorchDevice device)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(pageCount);
        (_geometry, _device, PageCount) = (geometry, device, pageCount);
        _layers = new (Tensor, Tensor)[spec.Layers.Count];
        var slots = checked((pageCount + 1L) * geometry.PageTokens);
        for (var layer = 0; layer < _layers.Length; layer++)
        {
            var attention = spec.Layers[layer].Attention;
            var key = (layer % geometry.LayersPerPage, attention.KvHeads, attention.HeadDim);
            if (!_memory.TryGetValue(key, out var pair))
            {
                Tensor New() => TorchDevice.Lasting(() => device.Zeros(device.DType, attention.KvHeads, slots, attention.HeadDim));
                pair = (New(), New());
                _memory.Add(key, pair);
            }

            _layers[layer] = pair;
        }
    }

    public int PageCount { get; }

    /// <summary>The slot that is always zero.</summary>
    public long ZeroSlot => (long)PageCount * _geometry.PageTokens;

    /// <summary>Bytes of one page: all layers it holds, keys and values.</summary>
    public static long BytesPerPage(DecoderSpec spec, KvGeometry geometry, int elementSize) => spec.Layers
        .Select((layer, i) => (Layer: i % geometry.LayersPerPage, layer.Attention.KvHeads, layer.Attention.HeadDim))
        .Distinct()
        .Sum(shape => 2L * geometry.PageTokens * shape.KvHeads * shape.HeadDim * elementSize);

    /// <summary>Keys and values of a layer, [kv heads, slots, head size].</summary>
    public (Tensor Keys, Tensor Values) Layer(int layer) => _layers[layer];

    /// <summary>Stores keys and values [rows, kv heads, head size] at slots [rows].</summary>
    public void Write(int layer, Tensor slots, Tensor keys, Tensor values)
    {
        _layers[layer].Keys.index_copy_(1, slots, _device.ToProduct(keys).transpose(0, 1));
        _layers[layer].Values.index_copy_(1, slots, _device.ToProduct(values).transpose(0, 1));
    }

    public void Copy(ReadOnlySpan<(int From, int To)> pages)
    {
        if (pages.Length == 0) return;
        var (from, to) = (new long[pages.Length], new long[pages.Length]);
        for (var i = 0; i < pages.Length; i++)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)pages[i].From, (uint)PageCount, nameof(pages));
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)pages[i].To, (uint)PageCount, nameof(pages));
            (from[i], to[i]) = (pages[i].From, pages[i].To);
        }

        using var scope = torch.NewDisposeScope();
        var (source, target) = (_device.Upload(from), _device.Upload(to));
        foreach (var (keys, values) in _memory.Values)
        {
            Copy(keys, source, target);
            Copy(values, source, target);
        }
    }

    /// <summary>Slots [count]: into = into·(1 − α) + from·α in f32, keys and values each with their own α (arXiv 2405.14862).</summary>
    public void Blend(int layer, Tensor into, Tensor from, float keyAlpha, float valueAlpha)
    {
        Blend(_layers[layer].Keys, into, from, keyAlpha);
        Blend(_layers[layer].Values, into, from, valueAlpha);
    }

    public void Dispose()
    {
        foreach (var (keys, values) in _memory.Values)
        {
            keys.Dispose();
            values.Dispose();
        }

        _memory.Clear();
    }

    private void Copy(Tensor memory, Tensor from, Tensor to)
    {
        var paged = memory.view(memory.shape[0], PageCount + 1, _geometry.PageTokens, memory.shape[2]);
        paged.index_copy_(1, to, paged.index_select(1, from));
    }

    private void Blend(Tensor memory, Tensor into, Tensor from, float alpha)
    {
        using var scope = torch.NewDisposeScope();
        using var rest = (1 - alpha).ToScalar();
        using var share = alpha.ToScalar();
        var mixed = memory.index_select(1, into).to(torch.ScalarType.Float32).mul(rest);
        mixed.add_(memory.index_select(1, from).to(torch.ScalarType.Float32), share);
        memory.index_copy_(1, into, _device.ToProduct(mixed));
    }
}
