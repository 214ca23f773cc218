using InferenceServer.Models.Cpu.Kernels;
using InferenceServer.Models.Cpu.Memory;
using InferenceServer.Models.Cpu.Weights;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Cpu;

/// <summary>Run-time LoRA: adds Scale · B(A x) to the rows whose group names an adapter, after the base product and its bias.</summary>
internal sealed unsafe class AdapterSet : IDisposable
{
    private readonly Dictionary<(int Layer, Projection Projection), LoraWeights>[] _adapters;
    private readonly KernelSet _kernels;
    private readonly Products _products;
    private readonly RowLoop _rows;
    private readonly NativeBuffer _low = new();
    private readonly NativeBuffer _delta = new();
    private readonly Action<int, int> _add;
    private LoraWeights _lora = null!;
    private float* _y;
    private nint _ldy;

    public AdapterSet(DecoderSpec spec, KernelSet kernels, Products products, RowLoop rows, int threads)
    {
        _adapters =
        [
            .. spec.Adapters.Select(adapter =>
                adapter.Targets.ToDictionary(target => target.Key, target => new LoraWeights(target.Value, threads))),
        ];
        (_kernels, _products, _rows) = (kernels, products, rows);
        _add = AddDelta;
    }

    public long Bytes => _adapters.Sum(adapter => adapter.Values.Sum(lora => lora.A.Bytes + lora.B.Bytes));

    /// <param name="x">Inputs of the segment's row 0.</param>
    /// <param name="y">Outputs of the segment's row 0, at the projection's first output.</param>
    public void Apply(int layer, Projection projection, IReadOnlyList<SegmentRows> groups, float* x, nint ldx, float* y, nint ldy)
    {
        if (_adapters.Length == 0) return;
        for (var first = 0; first < groups.Count;)
        {
            // Neighbours with the same adapter share one product.
            var adapter = groups[first].Group.Adapter;
            var next = first + 1;
            while (next < groups.Count && groups[next].Group.Adapter == adapter) next++;
            var offset = groups[first].Offset;
            var rows = groups[next - 1].Offset + groups[next - 1].Group.Count - offset;
            if (adapter != RowGroup.NoAdapter && _adapters[adapter].TryGetValue((layer, projection), out var lora))
                Add(lora, rows, x + (offset * ldx), ldx, y + (offset * ldy), ldy);
            first = next;
        }
    }

    public void Dispose()
    {
        foreach (var lora in _adapters.SelectMany(adapter => adapter.Values)) lora.Dispose();
        _low.Dispose();
        _delta.Dispose();
    }

    private void Add(LoraWeights lora, int rows, float* x, nint ldx, float* y, nint ldy)
    {
        var low = _low.Ensure((long)rows * lora.A.Outputs);
        var delta = _delta.Ensure((long)rows * lora.B.Outputs);
        _products.Run(lora.A, null, x, ldx, low, lora.A.Outputs, rows);
        _products.Run(lora.B, null, low, lora.A.Outputs, delta, lora.B.Outputs, rows);
        (_lora, _ldy) = (lora, ldy);
        _y = y;
        _rows.Run(rows, lora.Outputs, _add);
    }

    private void AddDelta(int from, int to)
    {
        for (var row = from; row < to; row++)
            _kernels.AddScaled(_y + (row * _ldy), _delta.Floats + ((nint)row * _lora.B.Outputs), _lora.Scale, _lora.Outputs);
    }
}
