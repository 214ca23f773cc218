using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Tests.Conformance;

/// <summary>Kept hidden states by set and index, and the rows that enter the stack.</summary>
internal sealed class ReferenceRows(DecoderSpec spec, ReferenceWeights weights)
{
    private readonly Dictionary<Rows, SortedDictionary<int, float[]>> _sets = [];

    /// <summary>Sets that hold at least one row.</summary>
    public int SetCount => _sets.Count;

    public float[] this[RowRef reference]
    {
        get => _sets.TryGetValue(reference.Rows, out var set) && set.TryGetValue(reference.Index, out var row)
            ? row
            : throw new InvalidOperationException($"Row {reference.Index} of rows {reference.Rows.Id} was not kept.");
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(reference.Index);
            if (!_sets.TryGetValue(reference.Rows, out var set)) _sets[reference.Rows] = set = [];
            set[reference.Index] = (float[])value.Clone();
        }
    }

    public void Release(Rows rows, int below)
    {
        if (!_sets.TryGetValue(rows, out var set)) return;
        foreach (var index in set.Keys.TakeWhile(index => index < below).ToList()) set.Remove(index);
        if (set.Count == 0) _sets.Remove(rows);
    }

    /// <summary>The rows of a source, [rows][hidden]; the first one sits at <paramref name="position"/>.</summary>
    public float[][] Read(RowSource source, int position) => source switch
    {
        TokenRows tokens => [.. Enumerable.Range(0, tokens.Count).Select(i => Token(tokens, i, position + i))],
        VectorRows vector => [Positioned((float[])spec.Vectors[vector.Vector].Clone(), spec.Embeddings[0], position)],
        KeptRows kept => [.. Enumerable.Range(kept.From, kept.Length).Select(i => (float[])this[new RowRef(kept.Rows, i)].Clone())],
        JoinedRows joined => Join(joined, position),
        _ => throw new ArgumentOutOfRangeException(nameof(source), source, "Unknown row source."),
    };

    private float[] Token(TokenRows tokens, int index, int position)
    {
        var embedding = spec.Embeddings[tokens.Embedding];
        var row = weights.Row(embedding.Tokens, tokens.Tokens.Span[index]).ToArray();
        for (var i = 0; i < row.Length; i++) row[i] *= embedding.Scale;
        return Positioned(row, embedding, position);
    }

    private float[] Positioned(float[] row, EmbeddingSpec embedding, int position)
    {
        if (embedding.Positions is { } positions) ReferenceWeights.Add(row, weights.Row(positions, position));
        return row;
    }

    private float[][] Join(JoinedRows joined, int position)
    {
        var rows = new List<float[]>(joined.Count);
        foreach (var part in joined.Parts) rows.AddRange(Read(part, position + rows.Count));
        return [.. rows];
    }
}
