using System.Collections.Concurrent;

namespace InferenceServer.Models.Tokenization.Algorithms;

/// <summary>Remembers the ids of short pieces. Shared by all requests; bounded, and begun anew when full.</summary>
internal sealed class PieceCache
{
    public const int MaxPieceLength = 128;
    private const int Capacity = 32768;

    private volatile Generation _generation = new();

    public bool TryGet(ReadOnlySpan<char> piece, out int[] ids) => _generation.Lookup.TryGetValue(piece, out ids!);

    public void Add(ReadOnlySpan<char> piece, ReadOnlySpan<int> ids)
    {
        var generation = _generation;
        if (Interlocked.Increment(ref generation.Count) > Capacity)
            _generation = generation = new Generation();
        generation.Lookup.TryAdd(piece, ids.ToArray());
    }

    private sealed class Generation
    {
        public int Count;

        public Generation() => Lookup = new ConcurrentDictionary<string, int[]>(StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();

        public ConcurrentDictionary<string, int[]>.AlternateLookup<ReadOnlySpan<char>> Lookup { get; }
    }
}
