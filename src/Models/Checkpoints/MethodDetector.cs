namespace InferenceServer.Models.Checkpoints;

/// <summary>Who said how a model thinks.</summary>
public enum MethodSource
{
    ServerOverride,
    ThinkingBlock,
    Signature,

    /// <summary>The chat template or the tokenizer, which know tags or texts around thoughts.</summary>
    ChatTemplate,
    Default,
}

/// <param name="Block">The method with its settings.</param>
public sealed record DetectedMethod(ThinkingBlock Block, MethodSource Source)
{
    public ThinkingMethod Method => Block.Method;
}

/// <summary>
/// Decides how a checkpoint thinks: what the server's configuration says, else its <c>thinking</c> block, else the
/// signature of its tensors and adapters (official Bitune and Quiet-STaR checkpoints carry no block), else not at all.
/// </summary>
public static class MethodDetector
{
    private static readonly string[] QuietStarTensors = ["start_embedding", "end_embedding", "talk_head.0.0.weight"];

    /// <param name="serverOverride">
    /// The method the server's configuration names. The settings of the block are kept where it is of the same method.
    /// </param>
    public static DetectedMethod Detect(Checkpoint checkpoint, ThinkingMethod? serverOverride = null)
    {
        var section = checkpoint.Config.FindSection(ThinkingKeys.Block);
        if (serverOverride is { } method)
        {
            var named = section?.FindText(ThinkingKeys.Method);
            var block = section is not null && named == method.Id() ? Read(checkpoint, section) : ThinkingBlockReader.Default(method);
            return new DetectedMethod(block, MethodSource.ServerOverride);
        }

        if (section is not null) return new DetectedMethod(Read(checkpoint, section), MethodSource.ThinkingBlock);
        return Signature(checkpoint) is { } signed
            ? new DetectedMethod(ThinkingBlockReader.Default(signed), MethodSource.Signature)
            : new DetectedMethod(new ThinkingBlock(), MethodSource.Default);
    }

    /// <summary>
    /// An adapter thinks as the server's configuration says, else as a block of its own, else as Bitune where it brings a
    /// second adapter for the prompt, else as its base does.
    /// </summary>
    public static DetectedMethod Detect(AdapterCheckpoint adapter, DetectedMethod baseMethod, ThinkingMethod? serverOverride = null)
    {
        var section = adapter.Config?.FindSection(ThinkingKeys.Block);
        if (serverOverride is { } method)
        {
            var block = section is not null && section.FindText(ThinkingKeys.Method) == method.Id() ? ThinkingBlockReader.Read(section)
                : baseMethod.Method == method ? baseMethod.Block
                : ThinkingBlockReader.Default(method);
            return new DetectedMethod(block, MethodSource.ServerOverride);
        }

        if (section is not null) return new DetectedMethod(ThinkingBlockReader.Read(section), MethodSource.ThinkingBlock);
        return adapter.PrefillLora is null
            ? baseMethod
            : new DetectedMethod(ThinkingBlockReader.Default(ThinkingMethod.Bitune), MethodSource.Signature);
    }

    private static ThinkingBlock Read(Checkpoint checkpoint, ConfigSection section)
    {
        var block = ThinkingBlockReader.Read(section);
        // A block that leaves the norm open takes the checkpoint's own if there is one, else the final norm.
        return section.Has(ThinkingKeys.ThinkNorm) || checkpoint.Tensors.Contains(TasTensors.Norm)
            ? block
            : block with { ThinkingNorm = ThinkingNorm.Shared };
    }

    private static ThinkingMethod? Signature(Checkpoint checkpoint)
    {
        if (QuietStarTensors.All(checkpoint.Tensors.Contains) || checkpoint.Config.FindText("model_type") == "quiet") return ThinkingMethod.QuietStar;
        return checkpoint.Tensors.Contains(TasTensors.Head) ? ThinkingMethod.Tas : null;
    }
}
