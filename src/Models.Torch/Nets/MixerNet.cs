using InferenceServer.Models.Decoding;
using InferenceServer.Models.Torch.Weights;

namespace InferenceServer.Models.Torch.Nets;

/// <summary>Quiet-STaR's mixing head (arXiv 2403.09629) on normed rows.</summary>
internal sealed class MixerNet(MixerSpec spec, WeightUpload upload)
{
    private readonly LinearTensors[] _layers = [.. spec.Layers.Select(layer => new LinearTensors(upload, layer))];

    /// <summary>(1 − w)·base + w·thought, [rows, hidden], and w = MLP([base; thought]), [rows], in f32.</summary>
    public (Tensor Mixed, Tensor Weight) Mix(Tensor bases, Tensor thoughts)
    {
        var x = upload.Device.ToProduct(torch.cat([bases, thoughts], 1));
        for (var i = 0; i < _layers.Length; i++)
        {
            x = _layers[i].Apply(x);
            if (i + 1 < _layers.Length) x = x.relu();
        }

        var weight = x.narrow(1, 0, 1).to(torch.ScalarType.Float32);
        // 1 − w as its own number: at w = 0 the mixture is the base row to the bit.
        var rest = weight.neg().add_(TorchMath.Unit);
        return (bases.mul(rest).add_(thoughts.mul(weight)), weight.squeeze(1));
    }
}
