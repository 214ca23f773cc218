using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Torch.Sampling;

/// <summary>
/// <see cref="Sampler"/>'s arithmetic for many rows at once, on the device. A draw's number is made on the host, from its
/// name, and sent along; what comes back is a packed row (<see cref="DrawnRow"/>).
/// </summary>
internal sealed class DeviceSampler(TorchDevice device)
{
    /// <summary>Draws one token a row, or scores the one that is given.</summary>
    /// <param name="logits">[rows, vocabulary] in f32; overwritten.</param>
    /// <param name="mix">[rows]</param>
    /// <param name="most">Most likely tokens to pack with every row.</param>
    /// <returns>[rows, DrawnRow.Width(most)] in f64.</returns>
    public Tensor Sample(Tensor logits, IReadOnlyList<SampleSpec> specs, Tensor mix, int most)
    {
        var finite = logits.isfinite().all(1);
        new LogitEdits(device, logits, specs).Forbid();
        finite = finite.logical_and(logits.amax([1L], false).gt(TorchMath.NegativeInfinity));
        var logSum = logits.logsumexp(1, true);

        // Log-probabilities are of what the model said, not of what the request made of it.
        var asked = logits;
        if (specs.Any(spec => spec.Penalties is not null || spec.Bias is not null || spec.Allowed is not null))
        {
            asked = logits.clone();
            var edits = new LogitEdits(device, asked, specs);
            edits.Move();
            edits.Restrict();
            finite = finite.logical_and(asked.amax([1L], false).gt(TorchMath.NegativeInfinity));
        }

        var tokens = Tokens(asked, specs);
        var given = Rows(specs, spec => spec.Given is not null);
        if (given.Length > 0) tokens.index_copy_(0, device.Upload(given), device.Upload([.. given.Select(row => Math.Min(specs[(int)row].Given!.Value, logits.shape[1] - 1))]));
        var chosen = logits.gather(1, tokens.unsqueeze(1));
        var f64 = torch.ScalarType.Float64;
        var above = given.Length > 0 ? logits.gt(chosen).sum(1, false, f64) : device.Zeros(f64, specs.Count);
        var logprobs = chosen.sub(logSum).squeeze(1);
        var drawn = torch.stack([tokens.to(f64), logprobs.to(f64), finite.to(f64), mix.to(f64), above], 1);
        return most == 0 ? drawn : torch.cat([drawn, Top(logits, logSum, specs, most)], 1);
    }

    /// <summary>[rows]</summary>
    private Tensor Tokens(Tensor logits, IReadOnlyList<SampleSpec> specs)
    {
        var greedy = Rows(specs, spec => spec.Temperature <= 0);
        if (greedy.Length == specs.Count) return logits.argmax(1);

        var tokens = device.Zeros(torch.ScalarType.Int64, specs.Count);
        var whole = Rows(specs, spec => spec.Temperature > 0 && !Cuts(spec));
        var cut = Rows(specs, spec => spec.Temperature > 0 && Cuts(spec));
        Put(greedy, some => some.argmax(1));
        Put(whole, some => Draws.FromAll(some, new DrawTensors(device, Pick(whole))));
        Put(cut, some => Draws.FromBest(some, new DrawTensors(device, Pick(cut)), device));
        return tokens;

        SampleSpec[] Pick(long[] rows) => [.. rows.Select(row => specs[(int)row])];

        void Put(long[] rows, Func<Tensor, Tensor> draw)
        {
            if (rows.Length == 0) return;
            using var scope = torch.NewDisposeScope();
            var index = device.Upload(rows);
            tokens.index_copy_(0, index, draw(rows.Length == specs.Count ? logits : logits.index_select(0, index)));
        }
    }

    /// <summary>Ids and log-probabilities of the most likely, [rows, 2·most]; the smaller id first among equals.</summary>
    private Tensor Top(Tensor logits, Tensor logSum, IReadOnlyList<SampleSpec> specs, int most)
    {
        var top = device.Zeros(torch.ScalarType.Float64, specs.Count, 2L * most);
        using var scope = torch.NewDisposeScope();
        var index = device.Upload(Rows(specs, spec => spec.TopLogprobs > 0));
        var (values, ids) = logits.index_select(0, index).sort(1, true, true);
        var count = Math.Min(most, logits.shape[1]);
        var logprobs = values.narrow(1, 0, count).sub(logSum.index_select(0, index));
        var f64 = torch.ScalarType.Float64;
        var padding = device.Zeros(f64, index.shape[0], most - count);
        top.index_copy_(0, index, torch.cat([ids.narrow(1, 0, count).to(f64), padding, logprobs.to(f64), padding], 1));
        return top;
    }

    private static bool Cuts(SampleSpec spec) => spec is not { TopK: 0, TopP: >= 1, MinP: <= 0 };

    private static long[] Rows(IReadOnlyList<SampleSpec> specs, Predicate<SampleSpec> which) =>
        [.. Enumerable.Range(0, specs.Count).Where(i => which(specs[i])).Select(i => (long)i)];
}
