using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Torch.Weights;

/// <summary>Run-time LoRA: adds Scale · B(A x) to the rows whose group names an adapter, after the base product and its bias.</summary>
internal sealed class AdapterTensors(WeightUpload upload, DecoderSpec spec)
{
    private readonly Dictionary<(int Layer, Projection Projection), Target>[] _adapters =
    [
        .. spec.Adapters.Select(adapter => adapter.Targets.ToDictionary(target => target.Key, target => new Target(upload, target.Value))),
    ];

    /// <param name="x">[rows, inputs] of the segment.</param>
    /// <param name="y">[rows, …]; the projection's outputs begin at column <paramref name="column"/>.</param>
    public void Apply(int layer, Projection projection, IReadOnlyList<SegmentRows> groups, Tensor x, Tensor y, int column = 0)
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
            if (adapter != RowGroup.NoAdapter && _adapters[adapter].TryGetValue((layer, projection), out var target))
            {
                var delta = target.B.Apply(target.A.Apply(x.narrow(0, offset, rows)));
                y.narrow(0, offset, rows).narrow(1, column, target.B.Outputs).add_(delta, target.Scale);
            }

            first = next;
        }
    }

    private sealed class Target(WeightUpload upload, Lora lora)
    {
        public LinearTensors A { get; } = new(upload, new Linear(lora.A));

        public LinearTensors B { get; } = new(upload, new Linear(lora.B));

        public Scalar Scale { get; } = ((double)lora.Scale).ToScalar();
    }
}
