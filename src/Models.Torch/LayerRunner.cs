using InferenceServer.Models.Decoding;
using InferenceServer.Models.Torch.Attention;
using InferenceServer.Models.Torch.Memory;
using InferenceServer.Models.Torch.Weights;

namespace InferenceServer.Models.Torch;

/// <summary>Runs a segment's rows through its layers: each layer's weights are read once for all of them.</summary>
internal sealed class LayerRunner(
    IReadOnlyList<LayerTensors> layers, AdapterTensors adapters, DecoderSpec spec, KvGeometry geometry, KvStore kv, TorchDevice device) : IDisposable
{
    private readonly RopeTensors?[] _ropes = Ropes(spec, device);
    private readonly PagedAttention _attention = new(kv, geometry, device);

    /// <summary>Runs x [rows, hidden], f32, through the segment's layers, in place.</summary>
    public void Run(Segment segment, Tensor x)
    {
        using var scope = torch.NewDisposeScope();
        var positions = segment.Active.Max(rows => rows.Group.Start + rows.Group.Count);
        foreach (var rope in _ropes) rope?.Ensure(positions);
        var shared = new SegmentTensors(segment, geometry, kv, device);
        // What layers share is made here: made in a layer it would end with the layer's scope.
        for (var layer = segment.Range.Lo; layer < segment.Range.Hi; layer++) shared.Prepare(_ropes[layer], spec.Layers[layer].Attention.Window);
        for (var layer = segment.Range.Lo; layer < segment.Range.Hi; layer++) RunLayer(layer, shared, x);
    }

    public void Dispose()
    {
        foreach (var rope in _ropes.Distinct()) rope?.Dispose();
    }

    private void RunLayer(int index, SegmentTensors segment, Tensor x)
    {
        using var scope = torch.NewDisposeScope();
        var layer = layers[index];
        var groups = segment.Segment.Active;
        var normed = device.ToProduct(layer.AttentionNorm.Apply(x));
        var context = Attend(index, layer, segment, normed);
        var attended = layer.Output.Apply(context);
        adapters.Apply(index, Projection.Output, groups, context, attended);
        x.add_(attended, layer.ResidualScale);

        if (layer.MlpNorm is not null) normed = device.ToProduct(layer.MlpNorm.Apply(x));
        var inner = layer.MlpIn.Apply(normed);
        var mlp = layer.Spec.Mlp;
        if (mlp.Gate is not null) adapters.Apply(index, Projection.Gate, groups, normed, inner);
        adapters.Apply(index, Projection.Up, groups, normed, inner, layer.MlpIn.Offsets[^1]);
        var active = mlp.Gate is null
            ? TorchMath.Activate(inner, mlp.Activation)
            : TorchMath.Activate(inner.narrow(1, 0, mlp.Gate.Outputs), mlp.Activation).mul_(inner.narrow(1, layer.MlpIn.Offsets[1], mlp.Up.Outputs));
        var output = layer.Down.Apply(active);
        adapters.Apply(index, Projection.Down, groups, active, output);
        x.add_(output, layer.ResidualScale);
    }

    private Tensor Attend(int index, LayerTensors layer, SegmentTensors segment, Tensor normed)
    {
        var attention = layer.Spec.Attention;
        var groups = segment.Segment.Active;
        var projected = layer.Qkv.Apply(normed);
        adapters.Apply(index, Projection.Query, groups, normed, projected);
        adapters.Apply(index, Projection.Key, groups, normed, projected, layer.Qkv.Offsets[1]);
        adapters.Apply(index, Projection.Value, groups, normed, projected, layer.Qkv.Offsets[2]);

        var heads = projected.view(projected.shape[0], attention.Heads + (2L * attention.KvHeads), attention.HeadDim);
        var (query, key) = Place(layer, _ropes[index], segment, heads.narrow(1, 0, attention.Heads + attention.KvHeads));
        var value = heads.narrow(1, attention.Heads + attention.KvHeads, attention.KvHeads);
        kv.Write(index, segment.Slots(index), key, value);
        return _attention.Run(attention, index, segment, device.ToProduct(query.mul(layer.QueryScale)));
    }

    /// <summary>Head norms and rotary positions of queries and keys, which lie side by side.</summary>
    private static (Tensor Query, Tensor Key) Place(LayerTensors layer, RopeTensors? rope, SegmentTensors segment, Tensor heads)
    {
        var attention = layer.Spec.Attention;
        if (layer.QueryNorm is null && layer.KeyNorm is null)
        {
            if (rope is not null) heads = segment.Turn(heads.to(torch.ScalarType.Float32), rope);
            return (heads.narrow(1, 0, attention.Heads), heads.narrow(1, attention.Heads, attention.KvHeads));
        }

        return (Head(0, attention.Heads, layer.QueryNorm), Head(attention.Heads, attention.KvHeads, layer.KeyNorm));

        Tensor Head(int first, int count, NormTensors? norm)
        {
            var part = heads.narrow(1, first, count).to(torch.ScalarType.Float32);
            if (norm is not null) part = norm.Apply(part);
            return rope is null ? part : segment.Turn(part, rope);
        }
    }

    // Layers that turn alike share a table.
    private static RopeTensors?[] Ropes(DecoderSpec spec, TorchDevice device)
    {
        var tables = new Dictionary<RopeSpec, RopeTensors>();
        return [.. spec.Layers.Select(layer => layer.Attention.Rope is { } rope ? Table(rope) : null)];

        RopeTensors Table(RopeSpec key)
        {
            if (!tables.TryGetValue(key, out var table)) tables.Add(key, table = new RopeTensors(key, spec.MaxPositions, device));
            return table;
        }
    }
}
