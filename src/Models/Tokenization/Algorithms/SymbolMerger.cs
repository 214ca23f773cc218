using System.Buffers;

namespace InferenceServer.Models.Tokenization.Algorithms;

/// <summary>
/// Applies merges to a chain of symbols, lowest rank first and leftmost first among equals (Sennrich et al. 2016,
/// algorithm 1). The chain is a linked list and candidates wait in a binary heap, so n symbols take O(n log n).
/// </summary>
internal static class SymbolMerger
{
    /// <summary>Merges the symbols in place and returns how many remain at the front of the span.</summary>
    public static int Merge(Span<int> symbols, MergeTable merges)
    {
        var n = symbols.Length;
        if (n < 2)
            return n;
        var links = ArrayPool<int>.Shared.Rent(checked(2 * n));
        var previous = links.AsSpan(0, n);
        var next = links.AsSpan(n, n);
        var heap = new CandidateHeap(n);
        for (var i = 0; i < n; i++)
        {
            previous[i] = i - 1;
            next[i] = i + 1;
            if (i + 1 < n && merges.TryFind(symbols[i], symbols[i + 1], out var rank, out _))
                heap.Push(Candidate(rank, i));
        }

        while (heap.TryPop(out var candidate))
        {
            int rank = (int)(candidate >> 32), left = (int)(uint)candidate;
            // Stale if the symbol is gone, or its pair has become another one.
            if (symbols[left] < 0 || next[left] >= n || !merges.TryFind(symbols[left], symbols[next[left]], out var now, out var merged) ||
                now != rank)
            {
                continue;
            }

            var right = next[left];
            symbols[left] = merged;
            symbols[right] = -1;
            next[left] = next[right];
            if (next[left] < n)
            {
                previous[next[left]] = left;
                if (merges.TryFind(merged, symbols[next[left]], out rank, out _))
                    heap.Push(Candidate(rank, left));
            }

            if (previous[left] >= 0 && merges.TryFind(symbols[previous[left]], merged, out rank, out _))
                heap.Push(Candidate(rank, previous[left]));
        }

        var count = 0;
        for (var i = 0; i < n; i = next[i])
            symbols[count++] = symbols[i];
        heap.Dispose();
        ArrayPool<int>.Shared.Return(links);
        return count;
    }

    private static ulong Candidate(int rank, int position) => ((ulong)(uint)rank << 32) | (uint)position;

    /// <summary>A binary min-heap of rank and position packed into one number.</summary>
    private ref struct CandidateHeap(int capacity)
    {
        private ulong[] _items = ArrayPool<ulong>.Shared.Rent(capacity);
        private int _count;

        public void Push(ulong item)
        {
            if (_count == _items.Length)
                Grow();
            var i = _count++;
            while (i > 0 && _items[(i - 1) / 2] > item)
            {
                _items[i] = _items[(i - 1) / 2];
                i = (i - 1) / 2;
            }

            _items[i] = item;
        }

        public bool TryPop(out ulong item)
        {
            if (_count == 0)
            {
                item = 0;
                return false;
            }

            item = _items[0];
            var last = _items[--_count];
            var i = 0;
            for (int child; (child = 2 * i + 1) < _count; i = child)
            {
                if (child + 1 < _count && _items[child + 1] < _items[child])
                    child++;
                if (_items[child] >= last)
                    break;
                _items[i] = _items[child];
            }

            _items[i] = last;
            return true;
        }

        public readonly void Dispose() => ArrayPool<ulong>.Shared.Return(_items);

        private void Grow()
        {
            var larger = ArrayPool<ulong>.Shared.Rent(checked(2 * _items.Length));
            _items.CopyTo(larger, 0);
            ArrayPool<ulong>.Shared.Return(_items);
            _items = larger;
        }
    }
}
