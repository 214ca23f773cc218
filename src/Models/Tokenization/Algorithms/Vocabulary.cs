using InferenceServer.Models.Tokenization.Json;

namespace InferenceServer.Models.Tokenization.Algorithms;

/// <summary>Token strings and their ids.</summary>
internal sealed class Vocabulary
{
    private const int IdLimit = 1 << 24;
    private readonly Dictionary<string, int> _ids;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _lookup;
    private string?[] _tokens;

    public Vocabulary(int capacity)
    {
        _ids = new Dictionary<string, int>(capacity, StringComparer.Ordinal);
        _lookup = _ids.GetAlternateLookup<ReadOnlySpan<char>>();
        _tokens = new string?[capacity];
    }

    /// <summary>Distinct token strings.</summary>
    public int Count => _ids.Count;

    /// <summary>Highest id + 1.</summary>
    public int Size { get; private set; }

    public int? Find(ReadOnlySpan<char> token) => _lookup.TryGetValue(token, out var id) ? id : null;

    public bool TryFind(ReadOnlySpan<char> token, out int id) => _lookup.TryGetValue(token, out id);

    public string? TokenOf(int id) => (uint)id < (uint)_tokens.Length ? _tokens[id] : null;

    public IEnumerable<KeyValuePair<string, int>> Entries => _ids;

    /// <exception cref="InvalidDataException">The id is negative or beyond any real vocabulary.</exception>
    public void Add(string token, int id, string file, string path)
    {
        if ((uint)id >= IdLimit)
            throw new JsonField(default, file, path).Error($"an id in 0..{IdLimit - 1}", $"{id}");
        if (id >= _tokens.Length)
            Array.Resize(ref _tokens, Math.Max(id + 1, Math.Min(2 * _tokens.Length, IdLimit)));
        _tokens[id] = token;
        _ids[token] = id;
        Size = Math.Max(Size, id + 1);
    }

    /// <summary>The ids of <c>&lt;0x00&gt;</c> … <c>&lt;0xFF&gt;</c>, -1 where a byte has no token.</summary>
    public int[] ByteTokens()
    {
        var ids = new int[256];
        for (var b = 0; b < 256; b++)
            ids[b] = Find($"<0x{b:X2}>") ?? -1;
        return ids;
    }
}
