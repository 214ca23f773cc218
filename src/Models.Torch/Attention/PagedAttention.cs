using InferenceServer.Models.Decoding;
using InferenceServer.Models.Torch.Memory;

namespace InferenceServer.Models.Torch.Attention;

/// <summary>
/// Attention of a segment's rows over their pages, by plain products and a softmax: every version of the bindings has
/// those. A long chunk of a prompt goes in pieces, so that scores take memory by the piece and not by the square.
/// </summary>
internal sealed class PagedAttention(KvStore kv, KvGeometry geometry, TorchDevice device)
{
    // Numbers of one piece's scores, over all heads.
    private const long MostScores = 1 << 25;

    // A causal piece sees only what lies before its end: smaller pieces do less that is masked.
    private const int MostRows = 512;

    /// <param name="queries">[rows, heads, head size], scaled, in the type of products.</param>
    /// <returns>[rows, heads · head size]</returns>
    public Tensor Run(AttentionSpec spec, int layer, SegmentTensors segment, Tensor queries)
    {
        var (keys, values) = kv.Layer(layer);
        var layerGroup = geometry.GroupOf(layer);
        if (segment.Buckets is [{ InOrder: true } only]) return Attend(spec, only, queries, only.Gather(keys, layerGroup), only.Gather(values, layerGroup));

        var output = device.Empty(device.DType, queries.shape[0], (long)spec.Heads * spec.HeadDim);
        foreach (var bucket in segment.Buckets)
        {
            using var scope = torch.NewDisposeScope();
            bucket.Put(output, Attend(spec, bucket, bucket.Take(queries), bucket.Gather(keys, layerGroup), bucket.Gather(values, layerGroup)));
        }

        return output;
    }

    private Tensor Attend(AttentionSpec spec, AttentionBucket bucket, Tensor queries, Tensor keys, Tensor values)
    {
        var hidden = bucket.Hidden(spec.Window);
        var rows = (int)Math.Clamp(MostScores / ((long)spec.Heads * bucket.Length), 1, MostRows);
        if (bucket.Sequences > 1 || bucket.Rows <= rows)
            return Attend(spec, bucket.Sequences, bucket.Rows, bucket.Length, queries, keys, values, hidden);

        var output = device.Empty(device.DType, bucket.Rows, (long)spec.Heads * spec.HeadDim);
        for (var from = 0; from < bucket.Rows; from += rows)
        {
            using var scope = torch.NewDisposeScope();
            var count = Math.Min(rows, bucket.Rows - from);
            var length = bucket.End(from + count - 1);
            var piece = Attend(
                spec,
                1,
                count,
                length,
                queries.narrow(0, from, count),
                keys.narrow(1, 0, length),
                values.narrow(1, 0, length),
                hidden?.narrow(2, from, count).narrow(4, 0, length));
            output.narrow(0, from, count).copy_(piece);
        }

        return output;
    }

    /// <param name="queries">[B·n, heads, head size]</param>
    /// <param name="keys">[kv heads, B·length, head size], as <paramref name="values"/>.</param>
    /// <param name="hidden">[1, B, n, 1, length]</param>
    private static Tensor Attend(
        AttentionSpec spec, int sequences, int rows, int length, Tensor queries, Tensor keys, Tensor values, Tensor? hidden)
    {
        var shared = spec.Heads / spec.KvHeads;
        var batch = (long)spec.KvHeads * sequences;
        if (sequences > 1) (keys, values) = (keys.view(batch, length, spec.HeadDim), values.view(batch, length, spec.HeadDim));
        var grouped = queries.reshape(sequences, rows, spec.KvHeads, shared, spec.HeadDim)
            .permute(2, 0, 1, 3, 4).reshape(batch, (long)rows * shared, spec.HeadDim);
        var scores = grouped.bmm(keys.transpose(1, 2));
        if (hidden is not null) scores.view(spec.KvHeads, sequences, rows, shared, length).masked_fill_(hidden, TorchMath.NegativeInfinity);
        return scores.softmax(-1).bmm(values)
            .view(spec.KvHeads, sequences, rows, shared, spec.HeadDim)
            .permute(1, 2, 0, 3, 4).reshape((long)sequences * rows, (long)spec.Heads * spec.HeadDim);
    }
}
