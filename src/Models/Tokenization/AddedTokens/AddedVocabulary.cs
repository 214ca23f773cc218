using InferenceServer.Models.Tokenization.Algorithms;
using InferenceServer.Models.Tokenization.Normalizers;

namespace InferenceServer.Models.Tokenization.AddedTokens;

/// <summary>The added tokens of a tokenizer and their ids, next to the model's own vocabulary.</summary>
internal sealed class AddedVocabulary
{
    private readonly Dictionary<string, (AddedToken Token, int Id)> _byContent = new(StringComparer.Ordinal);
    private readonly Dictionary<int, AddedToken> _byId = [];
    private readonly Vocabulary _vocabulary;
    private int _nextId;

    public AddedVocabulary(Vocabulary vocabulary)
    {
        _vocabulary = vocabulary;
        _nextId = vocabulary.Count;
        Size = vocabulary.Size;
    }

    /// <summary>Highest id + 1, over the model's vocabulary and the added tokens.</summary>
    public int Size { get; private set; }

    /// <summary>
    /// Adds a token. Its id is the one the model's vocabulary has for the same text; otherwise the next free one counted
    /// from the size of the vocabulary. The id written in the file plays no part, exactly as in Hugging Face's loader.
    /// A token that is there already keeps its id and takes the new attributes.
    /// </summary>
    public void Add(AddedToken token)
    {
        if (token.Content.Length == 0)
            return;
        var id = _byContent.TryGetValue(token.Content, out var existing) ? existing.Id : _vocabulary.Find(token.Content) ?? _nextId;
        _nextId = Math.Max(_nextId, id + 1);
        Size = Math.Max(Size, id + 1);
        _byContent[token.Content] = (token, id);
        _byId[id] = token;
    }

    public bool Contains(string content) => _byContent.ContainsKey(content);

    public int? Find(string content) => _byContent.TryGetValue(content, out var entry) ? entry.Id : null;

    public string? TokenOf(int id) => _byId.TryGetValue(id, out var token) ? token.Content : null;

    public bool IsSpecial(int id) => _byId.TryGetValue(id, out var token) && token.Special;

    /// <summary>Tokens looked for in the text as given.</summary>
    public AddedTokenMatcher CreateRawMatcher() =>
        new(Ordered().Where(entry => !entry.Token.Normalized).Select(entry => (entry.Token, entry.Id, entry.Token.Content)));

    /// <summary>Tokens looked for in normalized text, themselves normalized.</summary>
    public AddedTokenMatcher CreateNormalizedMatcher(Normalizer? normalizer) =>
        new(Ordered().Where(entry => entry.Token.Normalized)
            .Select(entry => (entry.Token, entry.Id, normalizer?.Normalize(entry.Token.Content) ?? entry.Token.Content)));

    /// <summary>Special tokens first: they win where two tokens look the same after normalization.</summary>
    private IEnumerable<(AddedToken Token, int Id)> Ordered() => _byContent.Values.OrderBy(entry => entry.Token.Special ? 0 : 1);
}
