namespace InferenceServer.Models.Tokenization.Algorithms;

/// <summary>
/// Unigram language model (Kudo 2018): the segmentation with the best sum of log probabilities, found by Viterbi.
/// Consecutive unknown characters are one unknown token, or byte tokens.
/// </summary>
internal sealed class UnigramModel : TokenModel
{
    private const double UnknownPenalty = 10;
    private readonly double[] _scores;
    private readonly int[] _byteTokens;
    private readonly int _unknown;
    private readonly bool _byteFallback;
    private readonly double _unknownScore;
    private readonly CharTrie _trie = new();

    /// <param name="vocabulary">Ids are positions in the file.</param>
    /// <param name="scores">Log probability per id.</param>
    /// <param name="unknown">Id of the unknown token, or -1.</param>
    /// <param name="byteFallback">Write unknown text as byte tokens.</param>
    public UnigramModel(Vocabulary vocabulary, double[] scores, int unknown, bool byteFallback)
        : base(vocabulary)
    {
        (_scores, _unknown, _byteFallback) = (scores, unknown, byteFallback);
        _byteTokens = vocabulary.ByteTokens();
        _unknownScore = scores.DefaultIfEmpty(0).Min() - UnknownPenalty;
        foreach (var (token, id) in vocabulary.Entries)
        {
            if (token.Length > 0)
                _trie.Add(token, id);
        }
    }

    public override void Encode(ReadOnlySpan<char> piece, List<int> ids)
    {
        var n = piece.Length;
        var best = new Node[n + 1]; // the best path that ends before this UTF-16 unit
        Array.Fill(best, new Node(0, -1, 0));
        for (int start = 0, length; start < n; start += length)
        {
            length = char.IsHighSurrogate(piece[start]) && start + 1 < n ? 2 : 1;
            var score = best[start].Score;
            var hasSingle = false;
            var node = CharTrie.Root;
            for (var end = start; end < n && _trie.TryStep(ref node, piece[end]);)
            {
                end++;
                if (_trie.ValueAt(node) is not (>= 0 and var id))
                    continue;
                Offer(ref best[end], score + _scores[id], start, id);
                hasSingle |= end - start == length;
            }

            if (!hasSingle)
                Offer(ref best[start + length], score + _unknownScore, start, _unknown);
        }

        var path = new List<(int Start, int End)>();
        for (var end = n; end > 0;)
        {
            var start = best[end].Start;
            var unknownEnd = end;
            while (_unknown >= 0 && best[end].Id == _unknown && start > 0 && best[start].Id == _unknown)
                (end, start) = (start, best[start].Start);
            path.Add((start, unknownEnd));
            end = start;
        }

        for (var i = path.Count - 1; i >= 0; i--)
            AddToken(piece[path[i].Start..path[i].End], ids);
    }

    private static void Offer(ref Node node, double score, int start, int id)
    {
        if (node.Start < 0 || score > node.Score)
            node = new Node(score, start, id);
    }

    private void AddToken(ReadOnlySpan<char> token, List<int> ids)
    {
        if (Vocabulary.TryFind(token, out var id))
            ids.Add(id);
        else if (!(_byteFallback && TryAddBytes(token, _byteTokens, ids)))
            ids.Add(_unknown >= 0 ? _unknown : throw NoUnknownToken("Unigram"));
    }

    private readonly record struct Node(double Score, int Start, int Id);
}
