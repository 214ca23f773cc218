using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Constraints;
using InferenceServer.Models.Constraints.Tokens;
using InferenceServer.Models.Decoding;
using InferenceServer.Models.Engine;
using InferenceServer.Models.Thinking;
using InferenceServer.Models.Tokenization;
using InferenceServer.Models.Tokenization.ChatTemplates;
using InferenceServer.Models.Tools;

namespace InferenceServer.Models;

/// <summary>A model ready to serve: its text side, its method, and the engine that runs it, which others may share.</summary>
public sealed class ServedModel(
    string name,
    string? baseModel,
    EngineModel model,
    Tokenizer tokenizer,
    ChatTemplate? chatTemplate,
    ChatTemplate? toolTemplate,
    ModelGroup group,
    string description) : IDisposable
{
    private readonly Lazy<ToolSyntax?> _toolSyntax = new(() => toolTemplate is null
        ? null
        : ToolSyntaxProbe.Find(toolTemplate, [.. model.EndOfSequence.Select(tokenizer.IdToToken).Append(tokenizer.SpecialTokens.Eos).OfType<string>()]));

    /// <summary>The id clients name it by.</summary>
    public string Name { get; } = name;

    /// <summary>The base an adapter is applied to, by its folder's name; null where the model is no adapter.</summary>
    public string? BaseModel { get; } = baseModel;

    public DecoderSpec Spec => model.Spec;

    /// <summary>Layers of the network that answers; ICoT-KD's emulator has as many again.</summary>
    public int Layers => Thinking.Method == ThinkingMethod.IcotKd ? Spec.Layers.Count / 2 : Spec.Layers.Count;

    public ThinkingBlock Thinking => model.Thinking;

    public ModelAdapters Adapters => model.Adapters;

    public Tokenizer Tokenizer { get; } = tokenizer;

    /// <summary>Null where the checkpoint brings none: chat is then dressed by <see cref="ThinkingBlock.PromptTemplate"/>.</summary>
    public ChatTemplate? ChatTemplate { get; } = chatTemplate;

    /// <summary>The template for conversations with tools; the same for most checkpoints.</summary>
    public ChatTemplate? ToolTemplate { get; } = toolTemplate;

    /// <summary>How the model writes calls of tools, as its template shows; null where it writes none that can be read.</summary>
    public ToolSyntax? ToolSyntax => _toolSyntax.Value;

    /// <summary>The chat template's variable that switches thoughts on and off, null where it has none.</summary>
    public string? ThinkingSwitch { get; } = ReasoningSigns.Switch(chatTemplate);

    /// <summary>Whether a request can switch the thoughts of a model on and off that are text like its answer.</summary>
    public bool CanSwitchThoughts => ThinkingSwitch is not null || Thinking.ThoughtPrompt is not null;

    public IReadOnlySet<int> EndOfSequence => model.EndOfSequence;

    /// <summary>What answers of this model can be bound to; its vocabulary is read when the first is asked for.</summary>
    public ConstraintCache Constraints { get; } = new(() => Vocabulary(model, tokenizer));

    public InferenceEngine Engine => group.Engine;

    /// <summary>Engine, weights and KV in a line, for the start-up log.</summary>
    public string Description { get; } = description;

    /// <summary>Positions a sequence may hold, prompt and markers included.</summary>
    public int ContextLength => Spec.MaxPositions;

    /// <summary>Queues a request that was validated for this model.</summary>
    /// <exception cref="EngineBusyException">The queue is full.</exception>
    public Generation Submit(GenerationRequest request, IGenerationObserver? observer = null) => Engine.Submit(request, model, observer);

    /// <summary>Ends the engine, and with it every model that shares it.</summary>
    public void Dispose()
    {
        Constraints.Dispose();
        group.Dispose();
    }

    private static Vocabulary Vocabulary(EngineModel model, Tokenizer tokenizer) =>
        new(tokenizer.TokenBytes(), model.Thinking.SeparatorTokenId is { } separator ? model.EndOfSequence.Append(separator) : model.EndOfSequence);
}
