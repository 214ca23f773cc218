using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using InferenceServer.Models.Cpu;
using InferenceServer.Models.Cpu.Memory;

namespace InferenceServer.Benchmarks.Roofline;

/// <summary>
/// How fast threads read memory and do nothing else with it: the roof over a decode step. Several ways of reading are tried,
/// with and without prefetching, in small and large pieces; the fastest is kept.
/// </summary>
internal sealed unsafe class MemoryReader : IDisposable
{
    private const int Line = 64;
    private static readonly (int Chunk, int Ahead)[] Ways = [(64 << 10, 0), (64 << 10, 4 << 10), (1 << 20, 0), (1 << 20, 4 << 10)];

    private readonly NativeBuffer _memory;
    private readonly WorkerPool _pool;
    private readonly (int Chunk, int Ahead) _way;

    /// <param name="bytes">Rounded up to whole pieces.</param>
    public MemoryReader(long bytes, int threads)
    {
        var largest = Ways.Max(way => way.Chunk);
        _memory = new NativeBuffer((bytes + largest - 1) / largest * largest);
        // Written, or all of it would be one page of zeros.
        for (var at = 0L; at < _memory.Length; at += largest) new Span<byte>(_memory.Bytes + at, largest).Fill(1);
        _pool = new WorkerPool(threads);
        _way = Ways.MaxBy(way => Reports.Statistics.Median([Rate(way, 1), Rate(way, 1), Rate(way, 1)]));
    }

    public long Bytes => _memory.Length;

    /// <summary>Bytes per second, over so many times.</summary>
    public double Rate(int times = 1) => Rate(_way, times);

    public void Dispose()
    {
        _pool.Dispose();
        _memory.Dispose();
    }

    private double Rate((int Chunk, int Ahead) way, int times)
    {
        _pool.Stepping = true; // as in a step, threads do not sleep in between
        var seconds = Reports.Rounds.Seconds(() => Read(way.Chunk, way.Ahead), times);
        _pool.Stepping = false;
        return _memory.Length / seconds;
    }

    private void Read(int chunk, int ahead) => _pool.Run((int)(_memory.Length / chunk), (item, _) =>
    {
        var from = _memory.Bytes + ((long)item * chunk);
        // The sum is looked at, so that reading it cannot be left out.
        if (Sum(from, chunk, ahead) == 0) throw new InvalidOperationException("Memory was not written.");
    });

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static ulong Sum(byte* from, int bytes, int ahead)
    {
        Vector512<ulong> a = default, b = default, c = default, d = default;
        var end = from + bytes;
        if (ahead > 0 && Sse.IsSupported)
        {
            for (; from < end; from += 4 * Line)
            {
                Sse.Prefetch0(from + ahead);
                Sse.Prefetch0(from + ahead + Line);
                Sse.Prefetch0(from + ahead + (2 * Line));
                Sse.Prefetch0(from + ahead + (3 * Line));
                a |= Vector512.Load((ulong*)from);
                b |= Vector512.Load((ulong*)(from + Line));
                c |= Vector512.Load((ulong*)(from + (2 * Line)));
                d |= Vector512.Load((ulong*)(from + (3 * Line)));
            }
        }

        for (; from < end; from += 4 * Line)
        {
            a |= Vector512.Load((ulong*)from);
            b |= Vector512.Load((ulong*)(from + Line));
            c |= Vector512.Load((ulong*)(from + (2 * Line)));
            d |= Vector512.Load((ulong*)(from + (3 * Line)));
        }

        return Vector512.Sum(a | b | c | d);
    }
}
