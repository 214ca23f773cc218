using InferenceServer.Models.Decoding;
using InferenceServer.Models.Torch.Memory;
using InferenceServer.Models.Torch.Weights;

namespace InferenceServer.Models.Torch.Nets;

/// <summary>ICoT-KD's student nets: g_i = Linear(ReLU(Linear f_i)) (arXiv 2311.01460).</summary>
internal sealed class PerLayerMlpNet(PerLayerMlpSpec spec, WeightUpload upload, RowStore kept) : SideNet(kept)
{
    private readonly NetMlp[] _mlps = [.. spec.Mlps.Select(mlp => new NetMlp(upload, mlp.In, mlp.Out))];

    public override void Run(int index, IReadOnlyList<SideNetCall> calls) =>
        Write(calls, call => call.Out, _mlps[index].Apply(upload.Device.ToProduct(Read(calls, call => call.In))));
}
