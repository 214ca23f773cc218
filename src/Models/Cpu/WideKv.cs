using InferenceServer.Models.Cpu.Kernels;
using InferenceServer.Models.Cpu.Memory;

namespace InferenceServer.Models.Cpu;

/// <summary>
/// Attention's passes over keys and values of a narrow format: a few tiles are widened to f32 into a worker's own buffer, and
/// the kernels for f32 go over them. Every number is widened alone and every sum goes on where it was, so a row's bits depend
/// neither on where a chunk ends nor on who shares it.
/// </summary>
internal sealed unsafe class WideKv(KernelSet kernels, KvArena arena) : IDisposable
{
    // Positions widened at once: 64 of 128 numbers are 32 KB.
    private const int Chunk = 4 * KvLayout.TileTokens;

    private readonly NativeBuffer _buffer = new();
    private float** _pages;
    private int _positions;
    private int _width;
    private int _held;

    /// <summary>As <see cref="AttentionKernels{TLanes}.Scores"/>, the tiles in the arena's format.</summary>
    public void Scores(float* q, int queries, float** tiles, int* at, int count, int headDim, float* scores, nint ldScores)
    {
        const int Tiles = Chunk / KvLayout.TileTokens;
        var tile = headDim * KvLayout.TileTokens;
        var wide = _buffer.Ensure(Tiles * (long)tile);
        var pointers = stackalloc float*[Tiles];
        for (var first = 0; first < count; first += Tiles)
        {
            var some = Math.Min(Tiles, count - first);
            for (var i = 0; i < some; i++)
            {
                pointers[i] = wide + ((nint)i * tile);
                KvWidening.Keys(arena.Format, (byte*)tiles[first + i], headDim, pointers[i]);
            }

            kernels.Scores(q, headDim, queries, pointers, at + first, some, headDim, scores, ldScores);
        }
    }

    /// <summary>Begins with the values of another head: <paramref name="pages"/> hold <paramref name="positions"/> of them.</summary>
    public void Begin(float** pages, int positions, int width)
    {
        _pages = pages;
        (_positions, _width, _held) = (positions, width, -1);
    }

    /// <summary>As <see cref="ValueKernels{TLanes}.Accumulate"/>, the pages in the arena's format.</summary>
    public void Accumulate(float* p, nint ldp, int queries, int from, int to, float* output)
    {
        var wide = _buffer.Ensure((long)Chunk * _width);
        while (from < to)
        {
            var chunk = from / Chunk;
            var start = chunk * Chunk;
            var end = Math.Min(to, start + Chunk);
            if (chunk != _held) Widen(chunk, wide);
            kernels.Accumulate(p + start, ldp, queries, &wide, Chunk, from - start, end - start, _width, output, _width);
            from = end;
        }
    }

    public void Dispose() => _buffer.Dispose();

    private void Widen(int chunk, float* wide)
    {
        var pageTokens = arena.Geometry.PageTokens;
        var end = Math.Min(_positions, (chunk + 1) * Chunk);
        for (var position = chunk * Chunk; position < end;)
        {
            var (page, token) = Math.DivRem(position, pageTokens);
            var count = Math.Min(pageTokens - token, end - position);
            KvWidening.Values(arena.Format, (byte*)_pages[page], token, count, pageTokens, _width, wide);
            wide += (nint)count * _width;
            position += count;
        }

        _held = chunk;
    }
}
