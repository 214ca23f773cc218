using InferenceServer.Models.Cpu.Memory;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Cpu;

/// <summary>
/// Fills the rows that enter the stack. Embedding rows are read where they lie in the checkpoint, at the file's
/// precision: no second copy of the table is kept for a tied head.
/// </summary>
internal sealed unsafe class RowEntry(DecoderSpec spec, KeptRowStore kept)
{
    private readonly float[] _position = new float[spec.HiddenSize];

    /// <summary>Writes rows [n, stride] whose first sits at position <paramref name="start"/>.</summary>
    public void Fill(RowSource source, float* rows, nint stride, int start)
    {
        switch (source)
        {
            case TokenRows tokens:
                var embedding = spec.Embeddings[tokens.Embedding];
                for (var i = 0; i < tokens.Count; i++)
                {
                    var row = Row(rows + (i * stride));
                    embedding.Tokens.Read(tokens.Tokens.Span[i], 1, row);
                    if (embedding.Scale != 1)
                    {
                        for (var d = 0; d < row.Length; d++) row[d] *= embedding.Scale;
                    }

                    AddPosition(embedding, row, start + i);
                }

                break;
            case VectorRows vector:
                spec.Vectors[vector.Vector].CopyTo(Row(rows));
                AddPosition(spec.Embeddings[0], Row(rows), start);
                break;
            case KeptRows keptRows:
                for (var i = 0; i < keptRows.Length; i++)
                    Row(kept.Read(new RowRef(keptRows.Rows, keptRows.From + i))).CopyTo(Row(rows + (i * stride)));
                break;
            case JoinedRows joined:
                foreach (var part in joined.Parts)
                {
                    Fill(part, rows, stride, start);
                    rows += part.Count * stride;
                    start += part.Count;
                }

                break;
            default:
                throw new ArgumentException($"Row source {source.GetType().Name} is unknown to this engine.", nameof(source));
        }
    }

    private void AddPosition(EmbeddingSpec embedding, Span<float> row, int position)
    {
        if (embedding.Positions is null) return;
        embedding.Positions.Read(position, 1, _position);
        for (var d = 0; d < row.Length; d++) row[d] += _position[d];
    }

    private Span<float> Row(float* start) => new(start, spec.HiddenSize);
}
