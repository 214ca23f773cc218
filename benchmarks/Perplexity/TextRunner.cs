using InferenceServer.Models.Architectures;
using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Cpu;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Benchmarks.Perplexity;

/// <summary>A checkpoint's full stack over texts that are given, its last head at every position.</summary>
internal sealed class TextRunner : IDisposable
{
    private readonly Checkpoint _checkpoint;
    private readonly CpuDecoder _decoder;
    private readonly KvTable _table;

    /// <param name="positions">Of a window, at most; bounded by what the model allows.</param>
    public TextRunner(string folder, CpuOptions options, int positions)
    {
        _checkpoint = Checkpoint.Open(folder);
        var spec = ModelBuilder.Build(_checkpoint).Spec;
        Window = Math.Min(positions, spec.MaxPositions);
        var geometry = KvGeometry.For(spec);
        var pages = geometry.PagesFor(Window);
        _decoder = new CpuDecoder(spec, pages * geometry.LayerGroups, options);
        _table = new KvTable(0, geometry);
        for (var group = 0; group < geometry.LayerGroups; group++)
        {
            for (var page = 0; page < pages; page++) _table.MutablePages(group).Add((group * pages) + page);
        }
    }

    /// <summary>Tokens that are run at once.</summary>
    public int Window { get; }

    /// <summary>Log-probability of each token after the first, given those before it.</summary>
    /// <param name="tokens">2 to <see cref="Window"/>.</param>
    public IEnumerable<double> Logprobs(ReadOnlySpan<int> tokens)
    {
        // A bias that no logit outweighs makes a token the one that is drawn; the log-probability told is the one before it.
        var targets = tokens.ToArray();
        return Run(targets[..^1], position => SampleSpec.Greedy with { Bias = new Dictionary<int, float> { [targets[position + 1]] = 1e9f } })
            .Select(head => head.Finite ? (double)head.Logprob : throw new InvalidOperationException("The model's logits are not finite."));
    }

    /// <summary>The most likely token after each.</summary>
    public IEnumerable<int> Best(int[] tokens) => Run(tokens, _ => SampleSpec.Greedy).Select(head => head.Token);

    public void Dispose()
    {
        _decoder.Dispose();
        _checkpoint.Dispose();
    }

    private IReadOnlyList<HeadResult> Run(int[] tokens, Func<int, SampleSpec> sample)
    {
        var rows = new Rows(0);
        var group = new RowGroup(
            _table, _decoder.Spec.AllLayers, 0, new TokenRows(tokens), RowMask.Causal, RowGroup.NoAdapter, new Keep(rows, 0, 0, tokens.Length));
        return _decoder.Run(new StepBatch([group, .. tokens.Select((_, i) => new HeadCall(0, new RowRef(rows, i), sample(i)))])).Heads;
    }
}
