namespace InferenceServer.Models.Checkpoints;

/// <summary>The tensors a TaS checkpoint adds to its base model.</summary>
public static class TasTensors
{
    /// <summary>[vocabulary, hidden]; the base model's head where it is absent.</summary>
    public const string Head = "thinking_head.weight";

    /// <summary>[vocabulary], optional.</summary>
    public const string HeadBias = "thinking_head.bias";

    /// <summary>[hidden]</summary>
    public const string Norm = "thinking_norm.weight";

    /// <summary>[hidden], for bases with LayerNorm.</summary>
    public const string NormBias = "thinking_norm.bias";
}
