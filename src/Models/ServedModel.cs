using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Decoding;
using InferenceServer.Models.Engine;
using InferenceServer.Models.Tokenization;
using InferenceServer.Models.Tokenization.ChatTemplates;

namespace InferenceServer.Models;

/// <summary>A model ready to serve: its text side, its method, and the engine that runs it.</summary>
public sealed class ServedModel(
    string name,
    Checkpoint checkpoint,
    DecoderSpec spec,
    ThinkingBlock thinking,
    Tokenizer tokenizer,
    ChatTemplate? chatTemplate,
    IReadOnlySet<int> endOfSequence,
    InferenceEngine engine,
    string description) : IDisposable
{
    /// <summary>The id clients name it by.</summary>
    public string Name { get; } = name;

    public DecoderSpec Spec { get; } = spec;

    public ThinkingBlock Thinking { get; } = thinking;

    public Tokenizer Tokenizer { get; } = tokenizer;

    /// <summary>Null where the checkpoint brings none: chat is then dressed by <see cref="ThinkingBlock.PromptTemplate"/>.</summary>
    public ChatTemplate? ChatTemplate { get; } = chatTemplate;

    public IReadOnlySet<int> EndOfSequence { get; } = endOfSequence;

    public InferenceEngine Engine { get; } = engine;

    /// <summary>Engine, weights and KV in a line, for the start-up log.</summary>
    public string Description { get; } = description;

    /// <summary>Positions a sequence may hold, prompt and markers included.</summary>
    public int ContextLength => Spec.MaxPositions;

    public void Dispose()
    {
        Engine.Dispose();
        checkpoint.Dispose();
    }
}
