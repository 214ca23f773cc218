using System.Diagnostics;
using InferenceServer.Benchmarks.Reports;
using InferenceServer.Models.Architectures;
using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Decoding;
using InferenceServer.Models.Torch;

namespace InferenceServer.Benchmarks.Gpu;

/// <summary>Our side: steps through the seam, sampling and the transfer of the ids included.</summary>
internal sealed class GpuEngine : IDisposable
{
    private const int StepRows = 512;

    private readonly Checkpoint _checkpoint;
    private readonly TorchDecoder _decoder;
    private readonly GpuWork _work;
    private readonly KvTable[] _tables;

    public GpuEngine(string folder, GpuWork work)
    {
        _work = work;
        _checkpoint = Checkpoint.Open(folder);
        var spec = ModelBuilder.Build(_checkpoint).Spec;
        var geometry = KvGeometry.For(spec);
        var positions = Math.Max(work.Context + work.Steps, work.Prompt);
        if (positions > spec.MaxPositions) throw new ArgumentException($"The model has {spec.MaxPositions} positions; the work needs {positions}.");
        var pages = geometry.PagesFor(positions);
        _decoder = new TorchDecoder(spec, TorchDecoderSource.Device(work.Device, work.Weights), () => pages * work.Batches.Max());
        _tables = [.. Enumerable.Range(0, work.Batches.Max()).Select(id => new KvTable(id, geometry))];
        // Interleaved, as pages are after a server has run for a while.
        for (var page = 0; page < pages * _tables.Length; page++) _tables[page % _tables.Length].MutablePages(0).Add(page);
    }

    public string Description => _decoder.Description;

    /// <summary>Seconds of one step of so many sequences, the median over rounds.</summary>
    public double Decode(int batch) => Median(() =>
    {
        var clock = Stopwatch.StartNew();
        for (var step = 0; step < _work.Steps; step++)
        {
            var ops = new List<StepOp>();
            for (var i = 0; i < batch; i++) ops.Add(Rows(_tables[i], _work.Context + step, 1, new Rows(i)));
            for (var i = 0; i < batch; i++) ops.Add(new HeadCall(0, new RowRef(new Rows(i), 0), SampleSpec.Greedy));
            _decoder.Run(new StepBatch(ops));
        }

        return clock.Elapsed.TotalSeconds / _work.Steps;
    });

    /// <summary>Seconds until the first token of a prompt, the median over rounds.</summary>
    public double Prefill() => Median(() =>
    {
        var clock = Stopwatch.StartNew();
        for (var from = 0; from < _work.Prompt; from += StepRows)
        {
            var count = Math.Min(StepRows, _work.Prompt - from);
            var ops = new List<StepOp> { Rows(_tables[0], from, count, new Rows(0)) };
            if (from + count == _work.Prompt) ops.Add(new HeadCall(0, new RowRef(new Rows(0), 0), SampleSpec.Greedy));
            _decoder.Run(new StepBatch(ops));
        }

        return clock.Elapsed.TotalSeconds;
    });

    /// <summary>What a step has to read at least: every weight but the embedding's rows, and all keys and values.</summary>
    public double BytesPerStep(int batch)
    {
        var spec = _decoder.Spec;
        var element = _work.Weights == DType.F32 ? 4 : 2;
        var table = spec.Embeddings[0].Tokens;
        var untied = spec.Heads.All(head => head.Output.Weight != table);
        var weights = _decoder.WeightBytes - (untied ? (long)table.Rows * table.Columns * element : 0);
        var position = spec.Layers.Sum(layer => 2L * layer.Attention.KvHeads * layer.Attention.HeadDim * element);
        return weights + ((double)batch * (_work.Context + (_work.Steps / 2)) * position);
    }

    public void Dispose()
    {
        _decoder.Dispose();
        _checkpoint.Dispose();
    }

    private RowGroup Rows(KvTable table, int start, int count, Rows rows) => new(
        table, _decoder.Spec.AllLayers, start, new TokenRows(new int[count]), RowMask.Causal, RowGroup.NoAdapter, new Keep(rows, 0, count - 1, 1));

    // The first round is not counted.
    private double Median(Func<double> seconds)
    {
        seconds();
        return Statistics.Median(Enumerable.Range(0, _work.Rounds).Select(_ => seconds()));
    }
}
