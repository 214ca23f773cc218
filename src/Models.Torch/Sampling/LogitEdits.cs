using System.Runtime.InteropServices;
using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Torch.Sampling;

/// <summary>What requests do to single logits of their rows: the places are listed on the host and changed in one go.</summary>
internal sealed class LogitEdits(TorchDevice device, Tensor logits, IReadOnlyList<SampleSpec> specs)
{
    private readonly long _vocabulary = logits.shape[1];

    /// <summary>Takes out what is never drawn: forbidden ids and those at or above a vocabulary's limit.</summary>
    public void Forbid()
    {
        using var scope = torch.NewDisposeScope();
        var places = new List<long>();
        for (var row = 0; row < specs.Count; row++)
        {
            if (specs[row].Bias is not { } bias) continue;
            foreach (var (id, value) in bias)
            {
                if (float.IsNegativeInfinity(value) && id < _vocabulary) places.Add(Place(row, id));
            }
        }

        if (places.Count > 0) Flat().index_fill_(0, device.Upload([.. places]), TorchMath.NegativeInfinity);
        if (specs.All(spec => spec.VocabularyLimit <= 0)) return;
        long[] limits = [.. specs.Select(spec => spec.VocabularyLimit > 0 ? spec.VocabularyLimit : _vocabulary)];
        logits.masked_fill_(device.Range(_vocabulary).ge(device.Upload(limits).view(-1, 1)), TorchMath.NegativeInfinity);
    }

    /// <summary>Finite biases, then penalties: <see cref="TokenPenalties.Apply"/> for all rows.</summary>
    public void Move()
    {
        using var scope = torch.NewDisposeScope();
        var (bias, repeated, counted) = (new Edits(), new Edits(), new Edits());
        for (var row = 0; row < specs.Count; row++)
        {
            foreach (var (id, value) in specs[row].Bias ?? new Dictionary<int, float>())
            {
                if (id < _vocabulary && float.IsFinite(value)) bias.Add(Place(row, id), value);
            }

            if (specs[row].Penalties is not { } penalties) continue;
            if (penalties.Repetition != 1)
            {
                foreach (var id in penalties.Seen)
                {
                    if (id < _vocabulary) repeated.Add(Place(row, id), penalties.Repetition);
                }
            }

            foreach (var (id, count) in penalties.Counts)
            {
                if (id < _vocabulary) counted.Add(Place(row, id), -((count * penalties.Frequency) + penalties.Presence));
            }
        }

        // No place stands twice in a list, so adding in any order is the same.
        if (bias.Count > 0) Flat().index_add_(0, device.Upload(bias.Places), device.Upload(bias.Values), TorchMath.Unit);
        if (repeated.Count > 0)
        {
            var (places, penalty) = (device.Upload(repeated.Places), device.Upload(repeated.Values));
            var before = Flat().index_select(0, places);
            Flat().index_copy_(0, places, torch.where(before.gt(TorchMath.Zero), before.div(penalty), before.mul(penalty)));
        }

        if (counted.Count > 0) Flat().index_add_(0, device.Upload(counted.Places), device.Upload(counted.Values), TorchMath.Unit);
    }

    /// <summary>Takes out what a request's constraint does not allow.</summary>
    public void Restrict()
    {
        long[] rows = [.. Enumerable.Range(0, specs.Count).Where(row => specs[row].Allowed is not null).Select(row => (long)row)];
        if (rows.Length == 0) return;
        using var scope = torch.NewDisposeScope();
        var width = checked((int)((_vocabulary + 7) / 8));
        var bytes = new byte[checked(rows.Length * width)];
        for (var i = 0; i < rows.Length; i++)
        {
            var bits = MemoryMarshal.AsBytes(specs[(int)rows[i]].Allowed!.Words);
            bits[..Math.Min(bits.Length, width)].CopyTo(bytes.AsSpan(i * width));
        }

        // One bit a token goes up; a byte becomes its eight tokens there.
        var allowed = device.Bits.index_select(0, device.Upload(bytes).to(torch.ScalarType.Int64)).view(rows.Length, 8L * width).narrow(1, 0, _vocabulary);
        var index = device.Upload(rows);
        logits.index_copy_(0, index, logits.index_select(0, index).masked_fill(allowed.logical_not(), TorchMath.NegativeInfinity));
    }

    private long Place(int row, int id) => (row * _vocabulary) + id;

    private Tensor Flat() => logits.view(-1);

    private sealed class Edits
    {
        private readonly List<long> _places = [];
        private readonly List<float> _values = [];

        public int Count => _places.Count;

        public long[] Places => [.. _places];

        public float[] Values => [.. _values];

        public void Add(long place, float value)
        {
            _places.Add(place);
            _values.Add(value);
        }
    }
}
