using InferenceServer.Models.Cpu.Memory;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Cpu;

/// <summary>
/// Cosines and sines of one rotary scheme, [positions, Dimensions/2] each, computed in double and grown as positions
/// are used.
/// </summary>
internal sealed unsafe class RopeTable(RopeSpec spec, int maxPositions) : IDisposable
{
    private readonly int _half = spec.Dimensions / 2;
    private NativeBuffer _cos = new();
    private NativeBuffer _sin = new();
    private int _positions;

    public int Half => _half;

    public float* Cos(int position) => _cos.Floats + ((long)position * _half);

    public float* Sin(int position) => _sin.Floats + ((long)position * _half);

    /// <summary>Makes positions [0, count) readable.</summary>
    public void Ensure(int count)
    {
        if (count <= _positions) return;
        var positions = Math.Max(count, Math.Min(maxPositions, Math.Max(256, 2 * _positions)));
        var (cos, sin) = (new NativeBuffer(Bytes(positions)), new NativeBuffer(Bytes(positions)));
        Buffer.MemoryCopy(_cos.Bytes, cos.Bytes, cos.Length, Bytes(_positions));
        Buffer.MemoryCopy(_sin.Bytes, sin.Bytes, sin.Length, Bytes(_positions));
        for (var position = _positions; position < positions; position++)
        {
            for (var i = 0; i < _half; i++)
            {
                var (s, c) = Math.SinCos(position * (double)spec.InverseFrequencies[i]);
                cos.Floats[((long)position * _half) + i] = (float)(c * spec.AttentionFactor);
                sin.Floats[((long)position * _half) + i] = (float)(s * spec.AttentionFactor);
            }
        }

        Dispose();
        (_cos, _sin, _positions) = (cos, sin, positions);
    }

    public void Dispose()
    {
        _cos.Dispose();
        _sin.Dispose();
    }

    private long Bytes(int positions) => checked((long)positions * _half * sizeof(float));
}
