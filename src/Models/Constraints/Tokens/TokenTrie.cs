namespace InferenceServer.Models.Constraints.Tokens;

/// <summary>
/// A vocabulary as a tree of bytes, laid out in the order it is walked: what follows a node lies behind it, and a whole
/// branch that does not fit is passed over in one step.
/// </summary>
internal sealed class TokenTrie
{
    private readonly int[] _offsets; // [vocabulary + 1] of a token's bytes
    private readonly byte[] _bytes;

    /// <param name="tokens">Per id, the bytes it stands for; null for tokens that stand for no text.</param>
    public TokenTrie(IReadOnlyList<byte[]?> tokens)
    {
        _offsets = new int[tokens.Count + 1];
        for (var id = 0; id < tokens.Count; id++) _offsets[id + 1] = _offsets[id] + (tokens[id]?.Length ?? 0);
        _bytes = new byte[_offsets[^1]];
        for (var id = 0; id < tokens.Count; id++) tokens[id]?.CopyTo(_bytes, _offsets[id]);

        var order = Enumerable.Range(0, tokens.Count).Where(id => tokens[id] is { Length: > 0 }).ToArray();
        Array.Sort(order, (left, right) =>
        {
            var byBytes = BytesOf(left).SequenceCompareTo(BytesOf(right));
            return byBytes != 0 ? byBytes : left.CompareTo(right);
        });

        var (values, depths, firsts) = (new List<byte>(), new List<int>(), new List<int>());
        Tokens = order;
        var previous = ReadOnlySpan<byte>.Empty;
        for (var i = 0; i < order.Length; i++)
        {
            var token = BytesOf(order[i]);
            for (var depth = previous.CommonPrefixLength(token); depth < token.Length; depth++)
            {
                values.Add(token[depth]);
                depths.Add(depth);
                // Tokens of a node are those from its First up to the next node's: only the last of these nodes has any.
                firsts.Add(i);
            }

            Depth = Math.Max(Depth, token.Length);
            previous = token;
        }

        firsts.Add(order.Length);
        (Values, Depths, Firsts) = ([.. values], [.. depths], [.. firsts]);
        Ends = new int[Values.Length];
        var open = new Stack<int>();
        for (var node = 0; node < Ends.Length; node++)
        {
            while (open.Count > Depths[node]) Ends[open.Pop()] = node;
            open.Push(node);
        }

        while (open.TryPop(out var node)) Ends[node] = Ends.Length;
    }

    /// <summary>Bytes of the longest token.</summary>
    public int Depth { get; }

    public int VocabularySize => _offsets.Length - 1;

    /// <summary>The byte that leads to each node.</summary>
    public byte[] Values { get; }

    /// <summary>How many bytes lie before it.</summary>
    public int[] Depths { get; }

    /// <summary>Behind the last node of each one's branch.</summary>
    public int[] Ends { get; }

    /// <summary>[nodes + 1] of <see cref="Tokens"/>: those that end at a node are from its entry to the next one's.</summary>
    public int[] Firsts { get; }

    /// <summary>Ids in the order of their bytes.</summary>
    public int[] Tokens { get; }

    public ReadOnlySpan<byte> BytesOf(int token) => _bytes.AsSpan(_offsets[token], _offsets[token + 1] - _offsets[token]);
}
