using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Torch.Memory;

/// <summary>
/// Cosines and sines of one rotary scheme in f32, [2·capacity, 1, Dimensions]: first by the ordinary frequencies, then by
/// those of long sequences. Computed in double and grown as positions are used. The sine of a pair's first half is
/// negated, so that a turn is x·cos + roll(x)·sin.
/// </summary>
internal sealed class RopeTensors(RopeSpec spec, int maxPositions, TorchDevice device) : IDisposable
{
    private readonly int _half = spec.Dimensions / 2;
    private Tensor? _cos;
    private Tensor? _sin;
    private int _capacity;

    /// <summary>Makes positions [0, count) readable.</summary>
    public void Ensure(int count)
    {
        if (count <= _capacity) return;
        var capacity = Math.Max(count, Math.Min(maxPositions, Math.Max(256, 2 * _capacity)));
        Dispose();
        (_cos, _sin) = (Table(capacity, Math.Cos, false), Table(capacity, Math.Sin, true));
        _capacity = capacity;
    }

    /// <summary>Cosines and sines of rows, [rows, 1, Dimensions].</summary>
    /// <param name="isLong">Which rows belong to long sequences.</param>
    public (Tensor Cos, Tensor Sin) Rows(ReadOnlySpan<long> positions, ReadOnlySpan<bool> isLong)
    {
        var index = new long[positions.Length];
        for (var i = 0; i < index.Length; i++) index[i] = positions[i] + (isLong[i] && spec.Beyond is not null ? _capacity : 0);
        var rows = device.Upload(index);
        return (_cos!.index_select(0, rows), _sin!.index_select(0, rows));
    }

    /// <summary>Turns heads [rows, heads, head size] in f32; what they hold may be overwritten.</summary>
    public Tensor Turn(Tensor heads, (Tensor Cos, Tensor Sin) rows)
    {
        if (heads.shape[2] == spec.Dimensions) return Turned(heads, rows);
        var part = heads.narrow(2, 0, spec.Dimensions);
        part.copy_(Turned(part, rows));
        return heads;
    }

    public void Dispose()
    {
        _cos?.Dispose();
        _sin?.Dispose();
        (_cos, _sin) = (null, null);
    }

    private Tensor Turned(Tensor x, (Tensor Cos, Tensor Sin) rows) => x.mul(rows.Cos).addcmul_(x.roll(_half, 2), rows.Sin, TorchMath.Unit);

    private Tensor Table(int capacity, Func<double, double> function, bool negateFirstHalf)
    {
        var values = new float[checked((spec.Beyond is null ? 1 : 2) * capacity * spec.Dimensions)];
        Fill(values, spec.InverseFrequencies, capacity, function, negateFirstHalf);
        if (spec.Beyond is { } beyond)
            Fill(values.AsSpan(capacity * spec.Dimensions), beyond.InverseFrequencies, capacity, function, negateFirstHalf);
        return TorchDevice.Lasting(() => device.Upload(values).view(-1, 1, spec.Dimensions));
    }

    private void Fill(Span<float> values, float[] frequencies, int positions, Func<double, double> function, bool negateFirstHalf)
    {
        for (var position = 0; position < positions; position++)
        {
            for (var i = 0; i < _half; i++)
            {
                var value = (float)(function(position * (double)frequencies[i]) * spec.AttentionFactor);
                var at = (position * spec.Dimensions) + i;
                (values[at], values[at + _half]) = (negateFirstHalf ? -value : value, value);
            }
        }
    }
}
