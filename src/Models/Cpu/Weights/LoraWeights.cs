using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Cpu.Weights;

/// <summary>One LoRA pair. Always f32: it is small, and its product is what training left of a difference.</summary>
internal sealed class LoraWeights(Lora lora, int threads) : IDisposable
{
    public PackedMatrix A { get; } = PackedMatrix.Pack(WeightFormat.F32, threads, lora.A);

    public PackedMatrix B { get; } = PackedMatrix.Pack(WeightFormat.F32, threads, lora.B);

    public float Scale { get; } = lora.Scale;

    /// <summary>Outputs without padding.</summary>
    public int Outputs { get; } = lora.B.Rows;

    public void Dispose()
    {
        A.Dispose();
        B.Dispose();
    }
}
