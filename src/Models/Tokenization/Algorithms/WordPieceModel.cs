namespace InferenceServer.Models.Tokenization.Algorithms;

/// <summary>BERT's greedy longest-match-first (google-research/bert, tokenization.py); a word that does not come out is unknown.</summary>
internal sealed class WordPieceModel(Vocabulary vocabulary, string unknownToken, string continuingPrefix, int maxCharacters)
    : TokenModel(vocabulary)
{
    private readonly int _longest = vocabulary.Entries.Select(entry => entry.Key.Length).DefaultIfEmpty(0).Max();

    public override void Encode(ReadOnlySpan<char> piece, List<int> ids)
    {
        var first = ids.Count;
        var characters = 0;
        foreach (var _ in piece.EnumerateRunes())
            characters++;
        if (characters > maxCharacters || !TryEncode(piece, ids))
        {
            ids.RemoveRange(first, ids.Count - first);
            ids.Add(Vocabulary.Find(unknownToken) ?? throw NoUnknownToken("WordPiece"));
        }
    }

    private bool TryEncode(ReadOnlySpan<char> piece, List<int> ids)
    {
        var buffer = new char[continuingPrefix.Length + piece.Length];
        continuingPrefix.CopyTo(buffer);
        piece.CopyTo(buffer.AsSpan(continuingPrefix.Length));
        for (var start = 0; start < piece.Length;)
        {
            var prefix = start == 0 ? 0 : continuingPrefix.Length;
            var length = Math.Min(piece.Length - start, _longest - prefix);
            // The prefix overwrites what has been matched already.
            if (prefix > 0)
                continuingPrefix.CopyTo(buffer.AsSpan(start));
            var from = buffer.AsSpan(continuingPrefix.Length + start - prefix);
            var id = -1;
            while (length > 0 && !Vocabulary.TryFind(from[..(prefix + length)], out id))
                length--;
            if (length <= 0)
                return false;
            ids.Add(id);
            start += length;
        }

        return true;
    }
}
