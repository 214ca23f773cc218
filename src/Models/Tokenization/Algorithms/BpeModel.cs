using System.Buffers;

namespace InferenceServer.Models.Tokenization.Algorithms;

/// <summary>What tokenizer.json says about a BPE model besides its vocabulary and merges.</summary>
internal sealed record BpeOptions(
    string? UnknownToken, bool FuseUnknown, bool ByteFallback, bool IgnoreMerges, string ContinuingPrefix, string EndOfWordSuffix);

/// <summary>
/// Byte-pair encoding: characters (with the affixes, if any) become symbols; unknown ones become byte tokens or the
/// unknown token; then merges are applied. Dropout is for training and never applied.
/// </summary>
internal sealed class BpeModel : TokenModel
{
    private readonly MergeTable _merges;
    private readonly BpeOptions _options;
    private readonly int[] _byteTokens;
    private readonly int[] _characters; // BMP character -> id or -1
    private readonly int _unknown;
    private readonly bool _hasAffixes;
    private readonly PieceCache _cache = new();

    public BpeModel(Vocabulary vocabulary, MergeTable merges, BpeOptions options)
        : base(vocabulary)
    {
        (_merges, _options) = (merges, options);
        _byteTokens = vocabulary.ByteTokens();
        _unknown = options.UnknownToken is { } token ? vocabulary.Find(token) ?? -1 : -1;
        _hasAffixes = options.ContinuingPrefix.Length + options.EndOfWordSuffix.Length > 0;
        _characters = new int[0x10000];
        Array.Fill(_characters, -1);
        foreach (var (text, id) in vocabulary.Entries)
        {
            if (text.Length == 1)
                _characters[text[0]] = id;
        }
    }

    public override void Encode(ReadOnlySpan<char> piece, List<int> ids)
    {
        var cacheable = piece.Length <= PieceCache.MaxPieceLength;
        if (cacheable && _cache.TryGet(piece, out var known))
        {
            ids.AddRange(known);
            return;
        }

        if (_options.IgnoreMerges && Vocabulary.TryFind(piece, out var whole))
        {
            ids.Add(whole);
            return;
        }

        var symbols = new SymbolBuffer(piece.Length);
        AddSymbols(piece, ref symbols);
        var count = SymbolMerger.Merge(symbols.Span, _merges);
        var result = symbols.Span[..count];
        ids.AddRange(result);
        if (cacheable)
            _cache.Add(piece, result);
        symbols.Dispose();
    }

    private void AddSymbols(ReadOnlySpan<char> piece, ref SymbolBuffer symbols)
    {
        // An unknown run is held back so that it can fuse; as in the reference, byte tokens do not end it.
        var pendingUnknown = false;
        for (int i = 0, length; i < piece.Length; i += length)
        {
            length = char.IsHighSurrogate(piece[i]) && i + 1 < piece.Length ? 2 : 1;
            var character = piece.Slice(i, length);
            var id = _hasAffixes ? FindWithAffixes(character, i == 0, i + length == piece.Length)
                : length == 1 ? _characters[piece[i]]
                : Vocabulary.TryFind(character, out var wide) ? wide : -1;
            if (id >= 0)
            {
                if (pendingUnknown)
                    symbols.Add(_unknown);
                pendingUnknown = false;
                symbols.Add(id);
            }
            else if (!(_options.ByteFallback && TryAddBytes(character, i == 0, i + length == piece.Length, ref symbols)) &&
                _options.UnknownToken is not null)
            {
                if (_unknown < 0)
                    throw NoUnknownToken("BPE");
                if (pendingUnknown && !_options.FuseUnknown)
                    symbols.Add(_unknown);
                pendingUnknown = true;
            }
        }

        if (pendingUnknown)
            symbols.Add(_unknown);
    }

    private string WithAffixes(ReadOnlySpan<char> character, bool first, bool last) =>
        string.Concat(first ? "" : _options.ContinuingPrefix, character, last ? _options.EndOfWordSuffix : "");

    private int FindWithAffixes(ReadOnlySpan<char> character, bool first, bool last) =>
        Vocabulary.Find(WithAffixes(character, first, last)) ?? -1;

    private bool TryAddBytes(ReadOnlySpan<char> character, bool first, bool last, ref SymbolBuffer symbols)
    {
        var bytes = new List<int>(4);
        if (!TryAddBytes(_hasAffixes ? WithAffixes(character, first, last) : character, _byteTokens, bytes))
            return false;
        foreach (var id in bytes)
            symbols.Add(id);
        return true;
    }

    private ref struct SymbolBuffer(int capacity)
    {
        private int[] _items = ArrayPool<int>.Shared.Rent(capacity);
        private int _count;

        public readonly Span<int> Span => _items.AsSpan(0, _count);

        public void Add(int symbol)
        {
            if (_count == _items.Length)
            {
                var larger = ArrayPool<int>.Shared.Rent(checked(2 * _items.Length));
                _items.CopyTo(larger, 0);
                ArrayPool<int>.Shared.Return(_items);
                _items = larger;
            }

            _items[_count++] = symbol;
        }

        public readonly void Dispose() => ArrayPool<int>.Shared.Return(_items);
    }
}
