using InferenceServer.Benchmarks.Reports;
using InferenceServer.Benchmarks.Synthetic;
using InferenceServer.Models.Cpu;
using InferenceServer.Models.Cpu.Kernels;
using InferenceServer.Models.Cpu.Memory;
using InferenceServer.Models.Cpu.Weights;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Benchmarks.Roofline;

/// <summary>A product's measured rates.</summary>
/// <param name="Bytes">Weights read by a pass.</param>
/// <param name="Operations">Of a pass.</param>
/// <param name="Seconds">Median of a pass.</param>
internal readonly record struct Rate(WeightFormat Format, int Rows, double Bytes, double Operations, double Seconds)
{
    public double Intensity => Operations / Bytes;

    /// <summary>The lower of both roofs over the time taken; above 1 where caches give what memory does not.</summary>
    public double Share(double bandwidth, double peak) => Math.Max(Bytes / bandwidth, double.IsFinite(peak) ? Operations / peak : 0) / Seconds;
}

/// <summary>
/// The products of a layer (query-key-value, output, gate-up, down) in one weight format. So many layers take turns that
/// their weights come from memory and not from the cache.
/// </summary>
internal sealed unsafe class ProductCells : IDisposable
{
    private readonly WeightFormat _format;
    private readonly WorkerPool _pool;
    private readonly Products _products;
    private readonly PackedMatrix[][] _layers;
    private readonly NativeBuffer _x = new();
    private readonly NativeBuffer _y = new();

    public ProductCells(LlamaShape shape, WeightFormat format, KernelSet kernels, int threads, long beyond)
    {
        _format = format;
        _pool = new WorkerPool(threads);
        _products = new Products(kernels, _pool);
        var spec = RandomModel.Llama(shape);
        var one = new StepBytes(spec, new CpuOptions { Weights = format }).Layers(new LayerRange(0, 1));
        var count = (int)Math.Clamp((beyond + one - 1) / one, 1, shape.Layers);
        _layers = [.. spec.Layers.Take(count).Select(layer => Pack(layer, format, threads))];
    }

    /// <summary>Bytes of all layers that take turns.</summary>
    public long Bytes => _layers.Sum(layer => layer.Sum(weight => weight.Bytes));

    /// <summary>Median rates by rows, measured in turns.</summary>
    public IReadOnlyList<Rate> Measure(IReadOnlyList<int> rowCounts, int rounds)
    {
        var (inputs, outputs) = (_layers[0].Max(weight => weight.Inputs) + 32, _layers[0].Max(weight => weight.Outputs));
        var rows = rowCounts.Max();
        new Span<float>(_x.Ensure((long)inputs * rows), inputs * rows).Fill(0.5f);
        _y.Ensure((long)outputs * rows);
        var seconds = Rounds.Interleave(rounds, [.. rowCounts.Select(count => (Func<double>)(() => Rounds.Seconds(() => Pass(inputs, count))))]);
        var operations = _layers.Sum(layer => layer.Sum(weight => 2.0 * weight.Inputs * weight.Outputs));
        return [.. rowCounts.Select((count, i) => new Rate(_format, count, Bytes, operations * count, Statistics.Median(seconds[i])))];
    }

    public void Dispose()
    {
        foreach (var weight in _layers.SelectMany(layer => layer)) weight.Dispose();
        _products.Dispose();
        _pool.Dispose();
        _x.Dispose();
        _y.Dispose();
    }

    private void Pass(int ldx, int rows)
    {
        _pool.Stepping = true; // as in a step
        foreach (var layer in _layers)
        {
            foreach (var weight in layer) _products.Run(weight, null, _x.Floats, ldx, _y.Floats, weight.Outputs, rows);
        }

        _pool.Stepping = false;
    }

    private static PackedMatrix[] Pack(LayerSpec layer, WeightFormat format, int threads)
    {
        var (attention, mlp) = (layer.Attention, layer.Mlp);
        IReadOnlyList<Linear[]> products = [[attention.Query, attention.Key, attention.Value], [attention.Output], [mlp.Gate!, mlp.Up], [mlp.Down]];
        return [.. products.Select(parts => PackedMatrix.Pack(format, threads, [.. parts.Select(part => part.Weight)]))];
    }
}
