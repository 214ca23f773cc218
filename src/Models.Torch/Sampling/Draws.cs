namespace InferenceServer.Models.Torch.Sampling;

/// <summary>Draws one token a row, in f64: the number picks the first token whose running sum of weights passes it.</summary>
internal static class Draws
{
    private const torch.ScalarType Wide = torch.ScalarType.Float64;

    /// <summary>Nothing is cut, so nothing needs sorting: the draw falls on the tokens in order of id.</summary>
    /// <param name="logits">[rows, vocabulary]</param>
    /// <returns>[rows]</returns>
    public static Tensor FromAll(Tensor logits, DrawTensors draws) => Pick(Weights(logits, logits.amax([1L], true), draws), draws).squeeze(1);

    /// <summary>Candidates by falling probability, ties by id: top-k, top-p and min-p are all cuts of this order.</summary>
    public static Tensor FromBest(Tensor logits, DrawTensors draws, TorchDevice device)
    {
        var (sorted, order) = logits.sort(1, true, true);
        var weights = Weights(sorted, sorted.narrow(1, 0, 1), draws);
        var rank = device.Range(logits.shape[1]).view(1, -1);
        weights.mul_(rank.lt(draws.TopK).to(Wide));
        var sums = weights.cumsum(1);
        // What comes before a token must not have reached the mass yet; the first is always kept.
        var before = sums.roll(1, 1);
        before.narrow(1, 0, 1).zero_();
        var total = sums.narrow(1, sums.shape[1] - 1, 1);
        var kept = before.lt(total.mul(draws.TopP)).logical_and(weights.ge(weights.narrow(1, 0, 1).mul(draws.MinP)));
        kept.logical_or_(rank.lt(TorchMath.Unit));
        return order.gather(1, Pick(weights.mul_(kept.to(Wide)), draws)).squeeze(1);
    }

    /// <summary>exp((logit − max) / temperature), [rows, vocabulary]</summary>
    private static Tensor Weights(Tensor logits, Tensor max, DrawTensors draws) => logits.to(Wide).sub(max.to(Wide)).div_(draws.Temperature).exp_();

    /// <summary>[rows, 1]</summary>
    private static Tensor Pick(Tensor weights, DrawTensors draws)
    {
        var sums = weights.cumsum(1);
        var total = sums.narrow(1, sums.shape[1] - 1, 1);
        var picked = sums.le(total.mul(draws.Uniform)).sum(1, true, torch.ScalarType.Int64);
        // Rounding may leave a little of the draw at the end: it must not fall beyond the last token of any weight.
        return picked.minimum(sums.lt(total).sum(1, true, torch.ScalarType.Int64));
    }
}
