using System.Diagnostics;
using InferenceServer.Benchmarks.Synthetic;
using InferenceServer.Models.Architectures;
using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Cpu;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Benchmarks.VsLlama;

/// <summary>Our CPU engine with one model: whole steps, head and greedy sampling included.</summary>
internal sealed class OurEngine : IDisposable
{
    private const int Pages = 512;
    private readonly Checkpoint _checkpoint;
    private readonly CpuDecoder _decoder;
    private readonly Dictionary<int, List<KvTable>> _prompted = [];
    private int _usedPages;

    public OurEngine(string folder, CpuOptions options)
    {
        var start = Stopwatch.GetTimestamp();
        _checkpoint = Checkpoint.Open(folder);
        _decoder = new CpuDecoder(ModelBuilder.Build(_checkpoint).Spec, Pages, options);
        LoadSeconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>From the folder to weights packed, which includes rounding them.</summary>
    public double LoadSeconds { get; }

    public string Description => _decoder.Description;

    /// <summary>Seconds for one prompt.</summary>
    public double Prefill(int tokens)
    {
        var batch = Batch([Group(Scratch(tokens), 0, SyntheticPrompt.Tokens(tokens, 1))]);
        return Seconds(() => _decoder.Run(batch));
    }

    /// <summary>Seconds of steps of one token a sequence, after prompts of <paramref name="context"/> tokens.</summary>
    public double Decode(int sequences, int context, int steps)
    {
        // The prompts stay for the next round.
        if (!_prompted.TryGetValue(sequences, out var tables))
        {
            _prompted[sequences] = tables = [.. Enumerable.Range(0, sequences).Select(i => Table(i, context + steps))];
            foreach (var table in tables) _decoder.Run(Batch([Group(table, 0, SyntheticPrompt.Tokens(context, table.Id))]));
        }

        return Seconds(() =>
        {
            for (var step = 0; step < steps; step++)
            {
                foreach (var table in tables) table.Commit(_decoder.Spec.AllLayers, context + step);
                _decoder.Run(Batch([.. tables.Select(table => Group(table, context + step, [300 + table.Id + step]))]));
            }
        });
    }

    /// <summary>Log-probabilities of all tokens after a prompt, by id.</summary>
    public float[] Logprobs(int[] tokens)
    {
        var group = Group(Scratch(tokens.Length), 0, tokens);
        var head = new HeadCall(0, new RowRef(group.Keep!.Rows, 0), SampleSpec.Greedy with { TopLogprobs = _decoder.Spec.VocabularySize });
        var logprobs = new float[_decoder.Spec.VocabularySize];
        foreach (var (token, logprob) in _decoder.Run(new StepBatch([group, head])).Heads[0].Top) logprobs[token] = logprob;
        return logprobs;
    }

    public void Dispose()
    {
        _decoder.Dispose();
        _checkpoint.Dispose();
    }

    /// <summary>A table over the last pages, which every caller may overwrite.</summary>
    private KvTable Scratch(int positions)
    {
        var table = new KvTable(0, _decoder.Geometry);
        for (var page = Pages - _decoder.Geometry.PagesFor(positions); page < Pages; page++) table.MutablePages(0).Add(page);
        return table;
    }

    /// <summary>A table with pages of its own.</summary>
    private KvTable Table(int index, int positions)
    {
        var table = new KvTable(index, _decoder.Geometry);
        for (var i = 0; i < _decoder.Geometry.PagesFor(positions); i++) table.MutablePages(0).Add(_usedPages++);
        return _usedPages <= Pages / 4 * 3
            ? table
            : throw new ArgumentOutOfRangeException(nameof(positions), positions, "The steps do not fit the benchmark's KV pages: give fewer --steps.");
    }

    private RowGroup Group(KvTable table, int start, int[] tokens) => new(
        table,
        _decoder.Spec.AllLayers,
        start,
        new TokenRows(tokens),
        RowMask.Causal,
        RowGroup.NoAdapter,
        new Keep(new Rows(table.Id), 0, tokens.Length - 1, 1));

    private static StepBatch Batch(IReadOnlyList<RowGroup> groups) =>
        new([.. groups.SelectMany(group => (StepOp[])[group, new HeadCall(0, new RowRef(group.Keep!.Rows, 0), SampleSpec.Greedy)])]);

    private static double Seconds(Action action)
    {
        var start = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
