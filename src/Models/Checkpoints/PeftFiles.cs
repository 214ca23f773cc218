namespace InferenceServer.Models.Checkpoints;

/// <summary>Names in a folder saved by PEFT; Bitune saves a second adapter in a folder of its own.</summary>
internal static class PeftFiles
{
    public const string AdapterConfig = "adapter_config.json";

    public const string AdapterWeights = "adapter_model.safetensors";

    public const string PrefillFolder = "prefill/";
}
