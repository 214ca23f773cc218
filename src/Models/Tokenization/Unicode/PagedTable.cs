namespace InferenceServer.Models.Tokenization.Unicode;

/// <summary>A value per Unicode code point, stored in pages of 256 so that the empty planes cost nothing.</summary>
internal sealed class PagedTable<T>
    where T : struct
{
    private const int PageCount = 0x110000 >> 8;
    private readonly T[]?[] _pages = new T[PageCount][];
    private readonly T[] _empty = new T[256];

    public T this[int codePoint]
    {
        get => (_pages[codePoint >> 8] ?? _empty)[codePoint & 0xFF];
        set => (_pages[codePoint >> 8] ??= new T[256])[codePoint & 0xFF] = value;
    }

    /// <summary>Sets every code point in [start, end) to the value; whole pages share one array per call.</summary>
    public void Fill(int start, int end, T value)
    {
        T[]? shared = null;
        for (var codePoint = start; codePoint < end;)
        {
            var pageEnd = Math.Min((codePoint | 0xFF) + 1, end);
            if ((codePoint & 0xFF) == 0 && pageEnd - codePoint == 256 && _pages[codePoint >> 8] is null)
            {
                if (shared is null)
                {
                    shared = new T[256];
                    Array.Fill(shared, value);
                }

                _pages[codePoint >> 8] = shared;
            }
            else
            {
                var page = _pages[codePoint >> 8] ??= new T[256];
                page.AsSpan(codePoint & 0xFF, pageEnd - codePoint).Fill(value);
            }

            codePoint = pageEnd;
        }
    }
}
