using System.Numerics.Tensors;
using InferenceServer.Models.Cpu.Kernels;
using InferenceServer.Models.Cpu.Memory;
using InferenceServer.Models.Cpu.Nets;
using InferenceServer.Models.Cpu.Weights;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Cpu;

/// <summary>Norms, mixes and samples kept rows: all calls of one head share its product.</summary>
internal sealed unsafe class HeadRunner : IDisposable
{
    // Bounds the logits held at once; more calls take another pass over the head's weights.
    private const int RowsPerPass = 64;

    private readonly DecoderSpec _spec;
    private readonly KernelSet _kernels;
    private readonly Products _products;
    private readonly KeptRowStore _kept;
    private readonly WorkerPool _pool;
    private readonly Dictionary<Linear, PackedLinear> _outputs = [];
    private readonly NormWeights?[] _norms;
    private readonly MixerNet[] _mixers;
    private readonly NativeBuffer _rows = new();
    private readonly NativeBuffer _bases = new();
    private readonly NativeBuffer _logits = new();
    private readonly float[] _mix = new float[RowsPerPass];
    private readonly List<int> _pass = [];
    private readonly Action<int, int> _sample;
    private IReadOnlyList<HeadCall> _calls = [];
    private HeadResult[] _results = [];
    private int _vocabulary;
    private int _ldLogits;
    private float _scale;

    public HeadRunner(DecoderSpec spec, CpuOptions options, KernelSet kernels, Products products, KeptRowStore kept, WorkerPool pool)
    {
        (_spec, _kernels, _products, _kept, _pool) = (spec, kernels, products, kept, pool);
        // Heads that share a tensor share its packed copy.
        foreach (var head in spec.Heads)
        {
            if (!_outputs.ContainsKey(head.Output)) _outputs.Add(head.Output, new PackedLinear(options.Weights, pool.Threads, head.Output));
        }

        _norms = [.. spec.Heads.Select(head => head.Norm is null ? null : new NormWeights(head.Norm))];
        _mixers = [.. spec.Mixers.Select(mixer => new MixerNet(mixer, options.NetWeights, kernels, products, pool.Threads))];
        _sample = Sample;
    }

    public long Bytes => _outputs.Values.Sum(output => output.Weight.Bytes);

    /// <summary>Bytes of the checkpoint the heads are packed from.</summary>
    public static long StoredBytes(DecoderSpec spec) => spec.Heads.Select(head => head.Output).Distinct().Sum(output => output.Weight.StoredBytes);

    public HeadResult[] Run(IReadOnlyList<HeadCall> calls)
    {
        (_calls, _results) = (calls, new HeadResult[calls.Count]);
        for (var head = 0; head < _spec.Heads.Count; head++)
        {
            _pass.Clear();
            for (var call = 0; call < calls.Count; call++)
            {
                if (calls[call].Head != head) continue;
                _pass.Add(call);
                if (_pass.Count < RowsPerPass) continue;
                RunPass(head);
                _pass.Clear();
            }

            if (_pass.Count > 0) RunPass(head);
        }

        return _results;
    }

    public void Dispose()
    {
        foreach (var output in _outputs.Values) output.Dispose();
        foreach (var norm in _norms) norm?.Dispose();
        foreach (var mixer in _mixers) mixer.Dispose();
        _rows.Dispose();
        _bases.Dispose();
        _logits.Dispose();
    }

    private void RunPass(int head)
    {
        var output = _outputs[_spec.Heads[head].Output];
        nint stride = LayerRunner.RowStride(_spec.HiddenSize);
        var rows = _rows.Ensure(_pass.Count * (long)stride);
        var bases = _bases.Ensure(_pass.Count * (long)stride);
        for (var i = 0; i < _pass.Count; i++)
        {
            var call = _calls[_pass[i]];
            Normed(head, call.From, rows + (i * stride));
            _mix[i] = 0;
            if (call.MixBase is not { } mixBase) continue;
            Normed(head, mixBase, bases + (i * stride));
            _mix[i] = _mixers[call.Mixer].Mix(bases + (i * stride), rows + (i * stride), _spec.HiddenSize);
        }

        (_vocabulary, _ldLogits, _scale) = (_spec.Heads[head].Output.Outputs, output.Weight.Outputs, _spec.Heads[head].Scale);
        _products.Run(output.Weight, output.Bias, rows, stride, _logits.Ensure(_pass.Count * (long)_ldLogits), _ldLogits, _pass.Count);
        _pool.Run(_pass.Count, _sample);
    }

    private void Normed(int head, RowRef from, float* to)
    {
        new Span<float>(_kept.Read(from), _spec.HiddenSize).CopyTo(new Span<float>(to, _spec.HiddenSize));
        _norms[head]?.Apply(_kernels, to, to);
    }

    private void Sample(int index, int worker)
    {
        var logits = new Span<float>(_logits.Floats + ((nint)index * _ldLogits), _vocabulary);
        if (_scale != 1) TensorPrimitives.Multiply(logits, _scale, logits);

        _results[_pass[index]] = Sampler.Sample(logits, _calls[_pass[index]].Sample, _mix[index]);
    }
}
