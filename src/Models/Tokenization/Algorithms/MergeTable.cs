using System.Numerics;
using System.Runtime.CompilerServices;

namespace InferenceServer.Models.Tokenization.Algorithms;

/// <summary>(left id, right id) → (rank, merged id), in an open-addressing table: merging does little but look up here.</summary>
internal sealed class MergeTable
{
    private Entry[] _entries;
    private int _shift;
    private int _count;

    public MergeTable(int capacity)
    {
        _entries = [];
        Resize((int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(16, checked(capacity * 2))));
    }

    /// <summary>Adds a merge; a pair that is there already takes the later rank, as in Hugging Face's loader.</summary>
    public void Add(int left, int right, int rank, int merged)
    {
        if (3 * _count >= 2 * _entries.Length)
            Resize(checked(2 * _entries.Length));
        Insert(new Entry(Key(left, right), rank, merged));
    }

    public bool TryFind(int left, int right, out int rank, out int merged)
    {
        var key = Key(left, right);
        for (var slot = Slot(key); ; slot = (slot + 1) & (_entries.Length - 1))
        {
            ref readonly var entry = ref _entries[slot];
            if (entry.Key == key)
            {
                (rank, merged) = (entry.Rank, entry.Merged);
                return true;
            }

            if (entry.Key == 0)
            {
                (rank, merged) = (0, 0);
                return false;
            }
        }
    }

    /// <summary>Ids are non-negative, so adding one to the left keeps every key apart from the empty slot's 0.</summary>
    private static ulong Key(int left, int right) => ((ulong)(uint)(left + 1) << 32) | (uint)right;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Insert(Entry entry)
    {
        var slot = Slot(entry.Key);
        while (_entries[slot].Key != 0 && _entries[slot].Key != entry.Key)
            slot = (slot + 1) & (_entries.Length - 1);
        if (_entries[slot].Key == 0)
            _count++;
        _entries[slot] = entry;
    }

    private void Resize(int size)
    {
        var old = _entries;
        _entries = new Entry[size];
        _shift = 64 - BitOperations.Log2((uint)size);
        _count = 0;
        foreach (var entry in old)
        {
            if (entry.Key != 0)
                Insert(entry);
        }
    }

    private int Slot(ulong key) => (int)(key * 0x9E3779B97F4A7C15UL >> _shift);

    private readonly record struct Entry(ulong Key, int Rank, int Merged);
}
