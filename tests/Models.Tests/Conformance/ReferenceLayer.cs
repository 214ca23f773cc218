using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Tests.Conformance;

/// <summary>One decoder layer over the rows of one group, in the order of its formula.</summary>
internal sealed class ReferenceLayer(DecoderSpec spec, ReferenceWeights weights, ReferenceKv kv)
{
    /// <summary>Replaces every row of <paramref name="hidden"/> ([rows][hidden]) and writes its K and V.</summary>
    public void Run(int layer, RowGroup group, float[][] hidden)
    {
        var parts = spec.Layers[layer];
        var normed = Array.ConvertAll(hidden, row => weights.Normalise(parts.AttentionNorm, row));
        var attended = Attend(layer, group, normed);
        for (var row = 0; row < hidden.Length; row++)
        {
            var x = (float[])hidden[row].Clone();
            ReferenceWeights.Add(x, attended[row], parts.ResidualScale);
            var input = parts.MlpNorm is { } norm ? weights.Normalise(norm, x) : normed[row];
            ReferenceWeights.Add(x, Mlp(layer, group, input), parts.ResidualScale);
            hidden[row] = x;
        }
    }

    private float[][] Attend(int layer, RowGroup group, float[][] normed)
    {
        var attention = spec.Layers[layer].Attention;
        var queries = new float[normed.Length][];
        for (var row = 0; row < normed.Length; row++)
        {
            var position = group.Start + row;
            queries[row] = Project(layer, group, Projection.Query, attention.Query, normed[row]);
            var key = Project(layer, group, Projection.Key, attention.Key, normed[row]);
            PlaceHeads(attention, queries[row], attention.QueryNorm, position, group.Kv.IsLong);
            PlaceHeads(attention, key, attention.KeyNorm, position, group.Kv.IsLong);
            key.CopyTo(kv.Key(group.Kv, layer, position));
            Project(layer, group, Projection.Value, attention.Value, normed[row]).CopyTo(kv.Value(group.Kv, layer, position));
        }

        var outputs = new float[normed.Length][];
        for (var row = 0; row < normed.Length; row++)
        {
            var position = group.Start + row;
            var from = attention.Window is { } window ? Math.Max(0, position - window + 1) : 0;
            var to = group.Mask == RowMask.Full ? group.Start + normed.Length : position + 1;
            var mixed = Mix(layer, group.Kv, queries[row], from, to);
            outputs[row] = Project(layer, group, Projection.Output, attention.Output, mixed);
        }

        return outputs;
    }

    // softmax(scale · q·K) V over positions [from, to); query head h reads KV head h / (Heads / KvHeads).
    private float[] Mix(int layer, KvTable table, float[] query, int from, int to)
    {
        var attention = spec.Layers[layer].Attention;
        var size = attention.HeadDim;
        var mixed = new float[attention.Heads * size];
        var scores = new double[to - from];
        for (var head = 0; head < attention.Heads; head++)
        {
            var kvHead = head / (attention.Heads / attention.KvHeads) * size;
            for (var i = 0; i < scores.Length; i++)
            {
                var key = kv.Key(table, layer, from + i).Slice(kvHead, size);
                scores[i] = ReferenceWeights.Dot(query.AsSpan(head * size, size), key) * attention.Scale;
            }

            var shares = ReferenceWeights.Softmax(scores);
            var output = mixed.AsSpan(head * size, size);
            for (var i = 0; i < shares.Length; i++)
                ReferenceWeights.Add(output, kv.Value(table, layer, from + i).Slice(kvHead, size), shares[i]);
        }

        return mixed;
    }

    private void PlaceHeads(AttentionSpec attention, float[] heads, NormSpec? norm, int position, bool isLong)
    {
        for (var start = 0; start < heads.Length; start += attention.HeadDim)
        {
            var head = heads.AsSpan(start, attention.HeadDim);
            if (norm is not null) weights.Normalise(norm, head).CopyTo(head);
            if (attention.Rope is { } rope) Rotate(rope, head, position, isLong);
        }
    }

    private static void Rotate(RopeSpec rope, Span<float> head, int position, bool isLong)
    {
        var half = rope.Dimensions / 2;
        var frequencies = isLong && rope.Beyond is { } longRope ? longRope.InverseFrequencies : rope.InverseFrequencies;
        for (var i = 0; i < half; i++)
        {
            var (sin, cos) = Math.SinCos((double)position * frequencies[i]);
            var (a, b) = (head[i], head[i + half]);
            head[i] = (float)(((a * cos) - (b * sin)) * rope.AttentionFactor);
            head[i + half] = (float)(((b * cos) + (a * sin)) * rope.AttentionFactor);
        }
    }

    private float[] Mlp(int layer, RowGroup group, float[] x)
    {
        var mlp = spec.Layers[layer].Mlp;
        var inner = Project(layer, group, Projection.Up, mlp.Up, x);
        var gate = mlp.Gate is null ? null : Project(layer, group, Projection.Gate, mlp.Gate, x);
        for (var i = 0; i < inner.Length; i++)
        {
            inner[i] = gate is null
                ? ReferenceActivation.Apply(mlp.Activation, inner[i])
                : ReferenceActivation.Apply(mlp.Activation, gate[i]) * inner[i];
        }

        return Project(layer, group, Projection.Down, mlp.Down, inner);
    }

    private float[] Project(int layer, RowGroup group, Projection projection, Linear linear, float[] x)
    {
        var y = weights.Apply(linear, x);
        if (group.Adapter != RowGroup.NoAdapter
            && spec.Adapters[group.Adapter].Targets.TryGetValue((layer, projection), out var lora))
            ReferenceWeights.Add(y, weights.Multiply(lora.B, weights.Multiply(lora.A, x)), lora.Scale);
        return y;
    }
}
