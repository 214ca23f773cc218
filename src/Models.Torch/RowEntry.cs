using InferenceServer.Models.Decoding;
using InferenceServer.Models.Torch.Memory;
using InferenceServer.Models.Torch.Weights;

namespace InferenceServer.Models.Torch;

/// <summary>Rows that enter the stack, of all groups at once: one operation per kind of source, however many sequences.</summary>
internal sealed class RowEntry
{
    private readonly Embedding[] _embeddings;
    private readonly Tensor? _vectors;
    private readonly RowStore _kept;
    private readonly TorchDevice _device;
    private readonly int _hidden;

    public RowEntry(DecoderSpec spec, WeightUpload upload, RowStore kept)
    {
        (_kept, _device, _hidden) = (kept, upload.Device, spec.HiddenSize);
        _embeddings = [.. spec.Embeddings.Select(embedding => new Embedding(upload, embedding))];
        if (spec.Vectors.Count > 0)
        {
            float[] vectors = [.. spec.Vectors.SelectMany(vector => vector)];
            _vectors = upload.Own(() => _device.Upload(vectors).view(spec.Vectors.Count, _hidden));
        }
    }

    /// <summary>The groups' inputs one after the other, [rows, hidden] in f32.</summary>
    public Tensor Fill(IReadOnlyList<RowGroup> groups)
    {
        var (tokens, vectors, kept) = (new Picks[_embeddings.Length], new Picks(), new Picks());
        for (var i = 0; i < tokens.Length; i++) tokens[i] = new Picks();
        var row = 0;
        foreach (var group in groups) Collect(group.In, group.Start);

        var parts = new List<(Picks Picks, Tensor Rows)>();
        for (var i = 0; i < tokens.Length; i++)
        {
            if (tokens[i].Count > 0) parts.Add((tokens[i], _embeddings[i].Rows(tokens[i], _device)));
        }

        if (vectors.Count > 0)
            parts.Add((vectors, _embeddings[0].Place(_vectors!.index_select(0, _device.Upload(vectors.Ids)), vectors, _device)));
        if (kept.Count > 0) parts.Add((kept, _kept.Read(kept.Ids)));
        if (parts is [var only]) return only.Rows;

        var rows = _device.Empty(torch.ScalarType.Float32, row, _hidden);
        foreach (var (picks, values) in parts) rows.index_copy_(0, _device.Upload(picks.Targets), values);
        return rows;

        void Collect(RowSource source, int position)
        {
            switch (source)
            {
                case TokenRows { Tokens: var ids, Embedding: var embedding }:
                    for (var i = 0; i < ids.Length; i++) tokens[embedding].Add(ids.Span[i], position + i, row++);
                    break;
                case VectorRows vector:
                    vectors.Add(vector.Vector, position, row++);
                    break;
                case KeptRows rows:
                    for (var i = 0; i < rows.Length; i++) kept.Add(_kept.Slot(new RowRef(rows.Rows, rows.From + i)), position + i, row++);
                    break;
                case JoinedRows joined:
                    foreach (var part in joined.Parts)
                    {
                        Collect(part, position);
                        position += part.Count;
                    }

                    break;
                default:
                    throw new ArgumentException($"Row source {source.GetType().Name} is unknown to this engine.", nameof(groups));
            }
        }
    }

    /// <summary>Rows of one kind: what to take, at which position it sits, and which row it becomes.</summary>
    private sealed class Picks
    {
        private readonly List<long> _ids = [];
        private readonly List<long> _positions = [];
        private readonly List<long> _targets = [];

        public int Count => _ids.Count;

        public long[] Ids => [.. _ids];

        public long[] Positions => [.. _positions];

        public long[] Targets => [.. _targets];

        public void Add(long id, long position, long target)
        {
            _ids.Add(id);
            _positions.Add(position);
            _targets.Add(target);
        }
    }

    private sealed class Embedding(WeightUpload upload, EmbeddingSpec spec)
    {
        private readonly Tensor _tokens = upload.Shared(spec.Tokens);
        private readonly Tensor? _positions = spec.Positions is null ? null : upload.Shared(spec.Positions);
        private readonly Scalar? _scale = spec.Scale == 1 ? null : ((double)spec.Scale).ToScalar();

        public Tensor Rows(Picks picks, TorchDevice device)
        {
            var rows = _tokens.index_select(0, device.Upload(picks.Ids)).to(torch.ScalarType.Float32);
            return Place(_scale is null ? rows : rows.mul_(_scale), picks, device);
        }

        /// <summary>Adds learned positions.</summary>
        public Tensor Place(Tensor rows, Picks picks, TorchDevice device) =>
            _positions is null ? rows : rows.add_(_positions.index_select(0, device.Upload(picks.Positions)));
    }
}
