using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Decoding;
using InferenceServer.Models.Thinking;

namespace InferenceServer.Models.Architectures;

/// <param name="Method">How the model thinks, and who said so.</param>
/// <param name="EndOfTextIds">Ids that end a text; may be empty.</param>
public sealed record BuiltModel(DecoderSpec Spec, DetectedMethod Method, IReadOnlyList<int> EndOfTextIds)
{
    /// <summary>Which of the spec's adapters it uses.</summary>
    public ModelAdapters Adapters { get; init; } = ModelAdapters.None;
}

/// <summary>A checkpoint as a model: its family, what its thinking method adds, and what ends a text.</summary>
public static class ModelBuilder
{
    /// <exception cref="CheckpointException">Anything that keeps the checkpoint from being run.</exception>
    public static BuiltModel Build(Checkpoint checkpoint, ThinkingMethod? serverOverride = null)
    {
        var method = MethodDetector.Detect(checkpoint, serverOverride);
        return method.Method == ThinkingMethod.Bitune ? throw BituneExpected(checkpoint.Directory) : Build(checkpoint, method);
    }

    /// <summary>A model that only adapters are served of. A folder that holds both says of the pair how it thinks.</summary>
    /// <exception cref="CheckpointException">Anything that keeps the checkpoint from being run.</exception>
    public static BuiltModel BuildBase(Checkpoint checkpoint)
    {
        var method = MethodDetector.Detect(checkpoint);
        return Build(checkpoint, method.Method == ThinkingMethod.Bitune ? new DetectedMethod(new ThinkingBlock(), MethodSource.Default) : method);
    }

    /// <summary>Puts an adapter, or Bitune's pair, beside those the spec has already.</summary>
    /// <param name="spec">The base's spec, with the adapters added so far.</param>
    /// <exception cref="CheckpointException">The adapter does not fit the base, or its method cannot use one.</exception>
    public static BuiltModel Adapt(
        DecoderSpec spec, BuiltModel basis, Checkpoint checkpoint, AdapterCheckpoint adapter, ThinkingMethod? serverOverride = null)
    {
        var method = MethodDetector.Detect(adapter, basis.Method, serverOverride);
        var file = adapter.Config?.File ?? adapter.Lora.File;
        if (method.Method != ThinkingMethod.Bitune && method.Method != basis.Method.Method && ThinkingKeys.AddsToTheModel(method.Method))
        {
            throw new CheckpointException(
                CheckpointErrorKind.MethodUnsupported, file, $"The adapter is to think by '{method.Method.Id()}', but its base, {checkpoint.Directory}, is not of that method.");
        }

        if (basis.Method.Method == ThinkingMethod.IcotKd)
            throw new CheckpointException(CheckpointErrorKind.MethodUnsupported, file, "Adapters on icot_kd are not supported: it is two models in one.");
        if (method.Method == ThinkingMethod.Bitune && adapter.PrefillLora is null)
            throw BituneExpected(adapter.Folder.Directory);
        ThinkingBlockReader.CheckAgainst(method.Block, file, spec.Layers.Count, spec.VocabularySize);

        var layout = ArchitectureRegistry.Lora(checkpoint);
        var first = spec.Adapters.Count;
        var own = LoraAdapters.Read("default", adapter.Tensors, adapter.Lora, layout, spec, AdapterCheckpoint.BituneModules);
        spec = spec with { Adapters = [.. spec.Adapters, own] };
        var adapters = new ModelAdapters(first);
        if (method.Method == ThinkingMethod.Bitune)
        {
            var prefill = LoraAdapters.Read(
                "prefill", adapter.PrefillTensors!, adapter.PrefillLora!, layout, spec, AdapterCheckpoint.BituneModules);
            var (blend, unmasked) = BituneBlends.Read(adapter, spec.Layers.Count);
            adapters = new ModelAdapters(first, first + 1, spec.Blends.Count, unmasked);
            spec = spec with { Adapters = [.. spec.Adapters, prefill], Blends = [.. spec.Blends, blend] };
        }

        var ends = Checkpoint.EndOfTextIds(adapter.GenerationConfig, adapter.Config, spec.VocabularySize) ?? basis.EndOfTextIds;
        return new BuiltModel(spec, method, ends) { Adapters = adapters };
    }

    private static BuiltModel Build(Checkpoint checkpoint, DetectedMethod method)
    {
        var spec = ArchitectureRegistry.Build(checkpoint);
        ThinkingBlockReader.CheckAgainst(method.Block, checkpoint.Config.File, spec.Layers.Count, spec.VocabularySize);
        spec = method.Method switch
        {
            ThinkingMethod.Tas => TasHeads.Add(spec, checkpoint, method.Block),
            ThinkingMethod.QuietStar => QuietStarParts.Add(spec, checkpoint, method.Block),
            ThinkingMethod.IcotKd => IcotKdParts.Add(spec, checkpoint),
            _ => spec,
        };
        return new BuiltModel(spec, method, checkpoint.EndOfTextIds(spec.VocabularySize));
    }

    private static CheckpointException BituneExpected(string directory) => new(
        CheckpointErrorKind.MethodUnsupported,
        directory,
        "Bitune is a pair of adapters, and the folder does not hold them.",
        expected: "adapter_config.json and adapter_model.safetensors, and both again in the folder prefill");
}
