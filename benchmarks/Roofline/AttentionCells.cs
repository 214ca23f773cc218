using InferenceServer.Benchmarks.Reports;
using InferenceServer.Benchmarks.Synthetic;
using InferenceServer.Models.Cpu;
using InferenceServer.Models.Cpu.Kernels;
using InferenceServer.Models.Cpu.Memory;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Benchmarks.Roofline;

/// <summary>Attention of one sequence over its pages, all layers of a shape in turn: a decode step and a whole prompt.</summary>
internal sealed unsafe class AttentionCells : IDisposable
{
    private readonly DecoderSpec _spec;
    private readonly KvArena _arena;
    private readonly KvTable _table;
    private readonly WorkerPool _pool;
    private readonly PagedAttention _attention;
    private readonly NativeBuffer _queries = new();
    private readonly NativeBuffer _output = new();
    private readonly int _context;
    private readonly long _bytes;

    private AttentionCells(LlamaShape shape, KernelSet kernels, CpuOptions options, int threads, int context)
    {
        _context = context;
        _spec = RandomModel.Llama(shape, positions: context + 1);
        _bytes = new StepBytes(_spec, options).Kv(_spec.AllLayers, context);
        var geometry = KvGeometry.For(_spec);
        _arena = new KvArena(_spec, geometry, StepRig.Pages(_spec, 1, context + 1), options.Kv);
        _table = new KvTable(0, geometry);
        var page = 0;
        for (var group = 0; group < geometry.LayerGroups; group++)
        {
            for (var i = 0; i < geometry.PagesFor(context + 1); i++) _table.MutablePages(group).Add(page++);
        }

        Fill(new Random(1));
        _pool = new WorkerPool(threads);
        _attention = new PagedAttention(kernels, _pool, _arena);
    }

    public static IReadOnlyList<OtherCells.Cell> Measure(LlamaShape shape, KernelSet kernels, CpuOptions options, int threads, int context, int rounds)
    {
        using var cells = new AttentionCells(shape, kernels, options, threads, context);
        var seconds = Rounds.Interleave(rounds, [() => Rounds.Seconds(() => cells.Pass(context, 1), 10), () => Rounds.Seconds(() => cells.Pass(0, context))]);
        // Two multiply-adds a position, head and dimension: the score and the value.
        var operations = 4.0 * shape.Layers * shape.Hidden;
        return
        [
            new($"attention, decode after {context}, all layers", Statistics.Median(seconds[0]), cells._bytes, operations * (context + 1)),
            new($"attention, prompt of {context}, all layers", Statistics.Median(seconds[1]), cells._bytes, operations * context * (context + 1) / 2),
        ];
    }

    public void Dispose()
    {
        _attention.Dispose();
        _pool.Dispose();
        _arena.Dispose();
        _queries.Dispose();
        _output.Dispose();
    }

    private void Pass(int start, int rows)
    {
        var width = _spec.Layers[0].Attention.Heads * _spec.Layers[0].Attention.HeadDim;
        SegmentRows[] groups = [new(new RowGroup(_table, _spec.AllLayers, start, new TokenRows(new int[rows]), RowMask.Causal, RowGroup.NoAdapter, null), 0)];
        var pages = new PageDirectory(_arena.Geometry);
        float* queries = _queries.Ensure((long)rows * width), output = _output.Ensure((long)rows * width);
        var loaded = -1;
        _pool.Stepping = true; // as in a step
        for (var layer = 0; layer < _spec.Layers.Count; layer++)
        {
            if (_arena.Geometry.GroupOf(layer) != loaded) pages.Load(groups, loaded = _arena.Geometry.GroupOf(layer));
            _attention.Run(_spec.Layers[layer].Attention, layer, groups, pages, queries, width, output, width);
        }

        _pool.Stepping = false;
    }

    private void Fill(Random random)
    {
        var width = _spec.Layers[0].Attention.Heads * _spec.Layers[0].Attention.HeadDim;
        var queries = new Span<float>(_queries.Ensure((long)width * (_context + 1)), width * (_context + 1));
        for (var i = 0; i < queries.Length; i++) queries[i] = random.NextSingle() - 0.5f;
        for (var layer = 0; layer < _spec.Layers.Count; layer++)
        {
            var attention = _spec.Layers[layer].Attention;
            var pages = _table.Pages(_arena.Geometry.GroupOf(layer));
            for (var position = 0; position <= _context; position++)
            {
                var (page, token) = Math.DivRem(position, _arena.Geometry.PageTokens);
                for (var head = 0; head < attention.KvHeads; head++)
                {
                    var vector = _queries.Floats + random.Next((width * _context) - attention.HeadDim);
                    _arena.Write(pages[page], token, _arena.Layout[layer], head, attention.HeadDim, vector, vector);
                }
            }
        }
    }
}
