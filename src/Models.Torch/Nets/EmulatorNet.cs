using InferenceServer.Models.Decoding;
using InferenceServer.Models.Torch.Memory;
using InferenceServer.Models.Torch.Weights;

namespace InferenceServer.Models.Torch.Nets;

/// <summary>
/// ICoT-KD's emulator (arXiv 2311.01460 and its published code), as <see cref="EmulatorSpec"/> describes it. Rows
/// 4i..4i+3 of a sequence's state hold LSTM h, LSTM c, context and key after call i. Sums are f32, products in the type of
/// the weights.
/// </summary>
internal sealed class EmulatorNet(EmulatorSpec spec, WeightUpload upload, RowStore kept) : SideNet(kept)
{
    private const torch.ScalarType Sums = torch.ScalarType.Float32;

    private readonly TorchDevice _device = upload.Device;
    private readonly NetMlp[] _mlps = [.. spec.Mlps.Select(mlp => new NetMlp(upload, mlp.In, mlp.Out))];
    private readonly Tensor _mixture = upload.Own(
        () => upload.Device.Upload(spec.Mixture.ToArray()).view(spec.Mixture.Rows, spec.Mixture.Columns));
    private readonly Scalar _temperature = ((double)spec.Temperature).ToScalar();
    private readonly LinearTensors _lstmInput = new(upload, spec.LstmInput);
    private readonly LinearTensors _lstmHidden = new(upload, spec.LstmHidden);
    private readonly LinearTensors _key = new(upload, spec.KeyProjection);
    private readonly LinearTensors _query = new(upload, spec.QueryProjection);
    private readonly LinearTensors _out = new(upload, spec.OutProjection);

    public override void Run(int index, IReadOnlyList<SideNetCall> calls)
    {
        using var scope = torch.NewDisposeScope();
        var z = Read(calls, call => call.In);
        var f = Product(_mlps[index].Apply, torch.cat([z, Mix(z)], 1));
        Write(calls, call => call.Out, f);

        // The LSTM sees f plus the context of the call before.
        var input = index == 0 ? f : f.add(State(calls, index - 1, 2));
        var h = index == 0 ? torch.zeros_like(f) : State(calls, index - 1, 0);
        var gates = Product(_lstmInput.Apply, input).add_(Product(_lstmHidden.Apply, h)).chunk(4, 1);
        var cell = gates[0].sigmoid().mul_(gates[2].tanh());
        if (index > 0) cell.add_(gates[1].sigmoid().mul_(State(calls, index - 1, 1)));
        h = gates[3].sigmoid().mul_(cell.tanh());
        var context = Attend(calls, index, Product(_query.Apply, h));
        Store(calls, index, 0, h);
        Store(calls, index, 1, cell);
        Store(calls, index, 2, context);
        Store(calls, index, 3, Product(_key.Apply, h));

        var replaced = calls.Where(call => call.Replacement is not null).ToList();
        if (replaced.Count == 0) return;
        var rows = Product(_out.Apply, torch.cat([h, context], 1));
        var which = _device.Upload([.. replaced.Select(call => (long)calls.ToList().IndexOf(call))]);
        Write(replaced, call => call.Replacement!.Value, rows.index_select(0, which));
    }

    /// <summary>softmax(z·Wᵀ / temperature)·W; one component: that row.</summary>
    private Tensor Mix(Tensor z) => z.mm(_mixture.t()).div_(_temperature).softmax(1).mm(_mixture);

    /// <summary>softmax(keys · query) over the keys of earlier calls; zero at the first.</summary>
    private Tensor Attend(IReadOnlyList<SideNetCall> calls, int index, Tensor query)
    {
        if (index == 0) return torch.zeros_like(query);
        // [calls, earlier, hidden]
        var keys = torch.stack([.. Enumerable.Range(0, index).Select(i => State(calls, i, 3))], 1);
        var scores = keys.bmm(query.unsqueeze(2)).softmax(1);
        return scores.transpose(1, 2).bmm(keys).squeeze(1);
    }

    private Tensor Product(Func<Tensor, Tensor> apply, Tensor x) => apply(_device.ToProduct(x)).to(Sums);

    private Tensor State(IReadOnlyList<SideNetCall> calls, int index, int part) => Read(calls, call => Row(call, index, part));

    private void Store(IReadOnlyList<SideNetCall> calls, int index, int part, Tensor values) => Write(calls, call => Row(call, index, part), values);

    private static RowRef Row(SideNetCall call, int index, int part) => new(call.State!.Value, (4 * index) + part);
}
