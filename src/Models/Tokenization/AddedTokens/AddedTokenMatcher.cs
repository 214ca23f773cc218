using System.Buffers;
using System.Text;
using InferenceServer.Models.Tokenization.Algorithms;
using InferenceServer.Models.Tokenization.Unicode;

namespace InferenceServer.Models.Tokenization.AddedTokens;

/// <summary>Finds added tokens in a text: leftmost first, the longest of those that begin at one place.</summary>
internal sealed class AddedTokenMatcher
{
    private readonly CharTrie _trie = new();
    private readonly List<(AddedToken Token, int Id)> _tokens = [];
    private readonly SearchValues<char> _firstCharacters;

    /// <param name="tokens">Each with its id and the text to look for.</param>
    public AddedTokenMatcher(IEnumerable<(AddedToken Token, int Id, string Text)> tokens)
    {
        var first = new HashSet<char>();
        foreach (var (token, id, text) in tokens)
        {
            if (text.Length == 0)
                continue;
            _trie.Add(text, _tokens.Count);
            _tokens.Add((token, id));
            first.Add(text[0]);
        }

        _firstCharacters = SearchValues.Create([.. first]);
    }

    /// <summary>Cuts the text into added tokens and the sections between them, in order.</summary>
    /// <param name="text">Any text.</param>
    /// <param name="parseSpecialTokens">False leaves special tokens in the text as ordinary characters.</param>
    /// <param name="sections">Receives the non-empty sections.</param>
    public void Split(string text, bool parseSpecialTokens, List<Section> sections)
    {
        var covered = 0;
        for (var position = 0; TryFind(text, position, out var start, out var end, out var index); position = end)
        {
            var matchEnd = end;
            var (token, id) = _tokens[index];
            if (token.Special && !parseSpecialTokens)
                continue;
            if (token.SingleWord && (EndsWithWord(text.AsSpan(0, start)) || StartsWithWord(text.AsSpan(matchEnd))))
                continue;
            while (token.StripLeft && start > covered && char.IsWhiteSpace(text[start - 1]))
                start--;
            while (token.StripRight && matchEnd < text.Length && char.IsWhiteSpace(text[matchEnd]))
                matchEnd++;
            if (start > covered)
                sections.Add(new Section(covered, start, -1));
            sections.Add(new Section(start, matchEnd, id));
            covered = matchEnd;
        }

        if (covered < text.Length)
            sections.Add(new Section(covered, text.Length, -1));
    }

    private bool TryFind(string text, int from, out int start, out int end, out int index)
    {
        for (start = from; start < text.Length; start++)
        {
            var offset = text.AsSpan(start).IndexOfAny(_firstCharacters);
            if (offset < 0)
                break;
            start += offset;
            end = index = -1;
            var node = CharTrie.Root;
            for (var i = start; i < text.Length && _trie.TryStep(ref node, text[i]); i++)
            {
                if (_trie.ValueAt(node) is >= 0 and var value)
                    (end, index) = (i + 1, value);
            }

            if (end >= 0)
                return true;
        }

        end = index = -1;
        return false;
    }

    private static bool EndsWithWord(ReadOnlySpan<char> text) =>
        Rune.DecodeLastFromUtf16(text, out var rune, out _) == OperationStatus.Done && CodePoints.IsWord(rune.Value);

    private static bool StartsWithWord(ReadOnlySpan<char> text) =>
        Rune.DecodeFromUtf16(text, out var rune, out _) == OperationStatus.Done && CodePoints.IsWord(rune.Value);
}
