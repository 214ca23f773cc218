using InferenceServer.Models.Cpu.Kernels;
using InferenceServer.Models.Cpu.Memory;
using InferenceServer.Models.Cpu.Weights;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Cpu.Nets;

/// <summary>
/// ICoT-KD's emulator (arXiv 2311.01460 and its published code), as <see cref="EmulatorSpec"/> describes it. Rows
/// 4i..4i+3 of a sequence's state hold LSTM h, LSTM c, context and key after call i.
/// </summary>
internal sealed unsafe class EmulatorNet : SideNet
{
    private readonly EmulatorSpec _spec;
    private readonly int _hidden;
    private readonly nint _stride;
    private readonly KernelSet _kernels;
    private readonly Products _products;
    private readonly NetMlp[] _mlps;
    private readonly float[] _mixture;
    private readonly PackedLinear _lstmInput;
    private readonly PackedLinear _lstmHidden;
    private readonly PackedLinear _key;
    private readonly PackedLinear _query;
    private readonly PackedLinear _out;
    private readonly NativeBuffer[] _buffers = [.. Enumerable.Range(0, 6).Select(_ => new NativeBuffer())];

    public EmulatorNet(EmulatorSpec spec, int hidden, WeightFormat format, KernelSet kernels, Products products, int threads)
    {
        (_spec, _hidden, _kernels, _products) = (spec, hidden, kernels, products);
        _mlps = [.. spec.Mlps.Select(mlp => new NetMlp(mlp.In, mlp.Out, format, threads))];
        _mixture = spec.Mixture.ToArray();
        _lstmInput = new PackedLinear(format, threads, spec.LstmInput);
        _lstmHidden = new PackedLinear(format, threads, spec.LstmHidden);
        _key = new PackedLinear(format, threads, spec.KeyProjection);
        _query = new PackedLinear(format, threads, spec.QueryProjection);
        _out = new PackedLinear(format, threads, spec.OutProjection);
        _stride = LayerRunner.RowStride(4 * hidden);
    }

    public override void Run(int index, IReadOnlyList<SideNetCall> calls, KeptRowStore kept)
    {
        var rows = calls.Count;
        foreach (var buffer in _buffers) buffer.Ensure(rows * (long)_stride);
        var (pair, f, gates, recurrent, h, projected) = (_buffers[0], _buffers[1], _buffers[2], _buffers[3], _buffers[4], _buffers[5]);

        for (var i = 0; i < rows; i++)
        {
            new ReadOnlySpan<float>(kept.Read(calls[i].In), _hidden).CopyTo(Row(pair, i));
            Mix(Row(pair, i), new Span<float>(pair.Floats + (i * _stride) + _hidden, _hidden));
        }

        _mlps[index].Run(_kernels, _products, pair.Floats, _stride, f.Floats, _stride, rows);
        for (var i = 0; i < rows; i++)
        {
            Row(f, i).CopyTo(new Span<float>(kept.Write(calls[i].Out), _hidden));
            Row(h, i).Clear();
            if (index == 0) continue;
            // The LSTM sees f plus the context of the call before.
            var context = State(kept, calls[i], index - 1, 2);
            var input = Row(f, i);
            for (var d = 0; d < _hidden; d++) input[d] += context[d];
            State(kept, calls[i], index - 1, 0).CopyTo(Row(h, i));
        }

        Product(_lstmInput, f, gates, rows);
        Product(_lstmHidden, h, recurrent, rows);
        for (var i = 0; i < rows; i++) Step(kept, calls[i], index, Row(gates, i, 4), Row(recurrent, i, 4), Row(h, i));

        Product(_key, h, projected, rows);
        for (var i = 0; i < rows; i++) Row(projected, i).CopyTo(NewState(kept, calls[i], index, 3));
        Product(_query, h, projected, rows);
        for (var i = 0; i < rows; i++)
        {
            var context = NewState(kept, calls[i], index, 2);
            Attend(kept, calls[i], index, Row(projected, i), context);
            Row(h, i).CopyTo(Row(pair, i));
            context.CopyTo(new Span<float>(pair.Floats + (i * _stride) + _hidden, _hidden));
        }

        Product(_out, pair, projected, rows);
        for (var i = 0; i < rows; i++)
        {
            if (calls[i].Replacement is { } replacement) Row(projected, i).CopyTo(new Span<float>(kept.Write(replacement), _hidden));
        }
    }

    public override void Dispose()
    {
        foreach (var mlp in _mlps) mlp.Dispose();
        foreach (var linear in (PackedLinear[])[_lstmInput, _lstmHidden, _key, _query, _out]) linear.Dispose();
        foreach (var buffer in _buffers) buffer.Dispose();
    }

    /// <summary>softmax(z·Wᵀ / temperature)·W; one component: that row.</summary>
    private void Mix(ReadOnlySpan<float> z, Span<float> mix)
    {
        var components = _spec.Mixture.Rows;
        mix.Clear();
        var scores = new double[components];
        for (var m = 0; components > 1 && m < components; m++)
            scores[m] = Dot(z, _mixture.AsSpan(m * _hidden, _hidden)) / _spec.Temperature;
        WeightedSum(scores, m => _mixture.AsSpan(m * _hidden, _hidden), mix);
    }

    /// <summary>PyTorch's LSTM cell: gates i, f, g, o; c = σ(f)·c + σ(i)·tanh(g), h = σ(o)·tanh(c).</summary>
    private void Step(
        KeptRowStore kept, SideNetCall call, int index, ReadOnlySpan<float> input, ReadOnlySpan<float> recurrent, Span<float> h)
    {
        var last = index == 0 ? default : State(kept, call, index - 1, 1);
        var cell = NewState(kept, call, index, 1);
        for (var d = 0; d < _hidden; d++)
        {
            var i = Sigmoid(input[d] + recurrent[d]);
            var forget = Sigmoid(input[_hidden + d] + recurrent[_hidden + d]);
            var g = MathF.Tanh(input[(2 * _hidden) + d] + recurrent[(2 * _hidden) + d]);
            var o = Sigmoid(input[(3 * _hidden) + d] + recurrent[(3 * _hidden) + d]);
            cell[d] = (index == 0 ? 0 : forget * last[d]) + (i * g);
            h[d] = o * MathF.Tanh(cell[d]);
        }

        h.CopyTo(NewState(kept, call, index, 0));
    }

    /// <summary>softmax(keys · query) over the keys of earlier calls; zero at the first.</summary>
    private void Attend(KeptRowStore kept, SideNetCall call, int index, ReadOnlySpan<float> query, Span<float> context)
    {
        context.Clear();
        if (index == 0) return;
        var scores = new double[index];
        for (var i = 0; i < index; i++) scores[i] = Dot(query, State(kept, call, i, 3));
        WeightedSum(scores, i => State(kept, call, i, 3), context);
    }

    private delegate ReadOnlySpan<float> RowOf(int index);

    private static void WeightedSum(double[] scores, RowOf row, Span<float> sum)
    {
        var max = scores.Max();
        var total = 0.0;
        for (var i = 0; i < scores.Length; i++) total += scores[i] = Math.Exp(scores[i] - max);
        for (var i = 0; i < scores.Length; i++)
        {
            var values = row(i);
            var weight = (float)(scores[i] / total);
            for (var d = 0; d < sum.Length; d++) sum[d] += weight * values[d];
        }
    }

    private static double Dot(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        var sum = 0.0;
        for (var d = 0; d < a.Length; d++) sum += (double)a[d] * b[d];
        return sum;
    }

    private static float Sigmoid(float x) => 1 / (1 + MathF.Exp(-x));

    private void Product(PackedLinear linear, NativeBuffer x, NativeBuffer y, int rows) =>
        _products.Run(linear.Weight, linear.Bias, x.Floats, _stride, y.Floats, _stride, rows);

    private Span<float> Row(NativeBuffer buffer, int row, int times = 1) => new(buffer.Floats + (row * _stride), times * _hidden);

    private ReadOnlySpan<float> State(KeptRowStore kept, SideNetCall call, int index, int part) =>
        new(kept.Read(new RowRef(call.State!.Value, (4 * index) + part)), _hidden);

    private Span<float> NewState(KeptRowStore kept, SideNetCall call, int index, int part) =>
        new(kept.Write(new RowRef(call.State!.Value, (4 * index) + part)), _hidden);
}
