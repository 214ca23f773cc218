using System.Runtime.InteropServices;
using InferenceServer.Models.Decoding;
using InferenceServer.Models.Torch.Memory;
using InferenceServer.Models.Torch.Nets;
using InferenceServer.Models.Torch.Weights;

namespace InferenceServer.Models.Torch.Sampling;

/// <summary>Norms, mixes and samples kept rows: all calls of one head share its product, and all of a step one transfer.</summary>
internal sealed class HeadRunner
{
    // Bounds the logits held at once; more calls take another pass over the head's weights.
    private const int RowsPerPass = 64;

    private readonly DecoderSpec _spec;
    private readonly RowStore _kept;
    private readonly TorchDevice _device;
    private readonly LinearTensors[] _outputs;
    private readonly NormTensors?[] _norms;
    private readonly Scalar?[] _scales;
    private readonly MixerNet[] _mixers;
    private readonly DeviceSampler _sampler;

    public HeadRunner(DecoderSpec spec, WeightUpload upload, RowStore kept)
    {
        (_spec, _kept, _device) = (spec, kept, upload.Device);
        _outputs = [.. spec.Heads.Select(head => new LinearTensors(upload, head.Output))];
        _norms = [.. spec.Heads.Select(head => head.Norm is null ? null : new NormTensors(upload, head.Norm))];
        _scales = [.. spec.Heads.Select(head => head.Scale == 1 ? null : ((double)head.Scale).ToScalar())];
        _mixers = [.. spec.Mixers.Select(mixer => new MixerNet(mixer, upload))];
        _sampler = new DeviceSampler(_device);
    }

    public HeadResult[] Run(IReadOnlyList<HeadCall> calls)
    {
        if (calls.Count == 0) return [];
        var passes = Enumerable.Range(0, calls.Count).GroupBy(i => calls[i].Head).SelectMany(group => group.Chunk(RowsPerPass)).ToList();
        var most = calls.Max(call => Math.Min(call.Sample.TopLogprobs, _spec.Heads[call.Head].Output.Outputs));
        var packed = passes.Select(pass => RunPass([.. pass.Select(i => calls[i])], most)).ToList();

        // The only wait for the device in a step.
        var host = (packed.Count == 1 ? packed[0] : torch.cat(packed, 0)).cpu();
        var values = MemoryMarshal.Cast<byte, double>(host.bytes);
        var results = new HeadResult[calls.Count];
        var row = 0;
        foreach (var i in passes.SelectMany(pass => pass))
        {
            var vocabulary = _spec.Heads[calls[i].Head].Output.Outputs;
            results[i] = DrawnRow.Read(values.Slice(row * DrawnRow.Width(most), DrawnRow.Width(most)), calls[i].Sample, vocabulary);
            row++;
        }

        return results;
    }

    private Tensor RunPass(HeadCall[] calls, int most)
    {
        using var scope = torch.NewDisposeScope();
        var head = calls[0].Head;
        var rows = Normed(head, [.. calls.Select(call => call.From)]);
        var mix = Mix(head, calls, rows);
        var logits = _outputs[head].Apply(_device.ToProduct(rows)).to(torch.ScalarType.Float32);
        if (_scales[head] is { } scale) logits = logits.mul(scale);
        return scope.MoveToOuter(_sampler.Sample(logits, [.. calls.Select(call => call.Sample)], mix, most));
    }

    private Tensor Normed(int head, IReadOnlyList<RowRef> rows)
    {
        var kept = _kept.Read([.. rows.Select(_kept.Slot)]);
        return _norms[head]?.Apply(kept) ?? kept;
    }

    /// <summary>Replaces rows by their mixture where a call has one; returns the weights, [rows].</summary>
    private Tensor Mix(int head, HeadCall[] calls, Tensor rows)
    {
        var weights = _device.Zeros(torch.ScalarType.Float32, calls.Length);
        foreach (var mixed in Enumerable.Range(0, calls.Length).Where(i => calls[i].MixBase is not null).GroupBy(i => calls[i].Mixer))
        {
            var index = _device.Upload([.. mixed.Select(i => (long)i)]);
            var bases = Normed(head, [.. mixed.Select(i => calls[i].MixBase!.Value)]);
            var (result, weight) = _mixers[mixed.Key].Mix(bases, rows.index_select(0, index));
            rows.index_copy_(0, index, result);
            weights.index_copy_(0, index, weight);
        }

        return weights;
    }
}
