using InferenceServer.Models.Decoding;
using InferenceServer.Models.Torch.Weights;

namespace InferenceServer.Models.Torch.Nets;

/// <summary>Linear, ReLU, Linear.</summary>
internal sealed class NetMlp(WeightUpload upload, Linear first, Linear second)
{
    private readonly LinearTensors _first = new(upload, first);
    private readonly LinearTensors _second = new(upload, second);

    public Tensor Apply(Tensor x) => _second.Apply(_first.Apply(x).relu());
}
