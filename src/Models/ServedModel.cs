using InferenceServer.Models.Checkpoints;
using InferenceServer.Models.Decoding;
using InferenceServer.Models.Engine;
using InferenceServer.Models.Thinking;
using InferenceServer.Models.Tokenization;
using InferenceServer.Models.Tokenization.ChatTemplates;

namespace InferenceServer.Models;

/// <summary>A model ready to serve: its text side, its method, and the engine that runs it, which others may share.</summary>
public sealed class ServedModel(
    string name, string? baseModel, EngineModel model, Tokenizer tokenizer, ChatTemplate? chatTemplate, ModelGroup group, string description) : IDisposable
{
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

    /// <summary>The chat template's variable that switches thoughts on and off, null where it has none.</summary>
    public string? ThinkingSwitch { get; } = ReasoningSigns.Switch(chatTemplate);

    /// <summary>Whether a request can switch the thoughts of a model on and off that are text like its answer.</summary>
    public bool CanSwitchThoughts => ThinkingSwitch is not null || Thinking.ThoughtPrompt is not null;

    public IReadOnlySet<int> EndOfSequence => model.EndOfSequence;

    public InferenceEngine Engine => group.Engine;

    /// <summary>Engine, weights and KV in a line, for the start-up log.</summary>
    public string Description { get; } = description;

    /// <summary>Positions a sequence may hold, prompt and markers included.</summary>
    public int ContextLength => Spec.MaxPositions;

    /// <summary>Queues a request that was validated for this model.</summary>
    /// <exception cref="EngineBusyException">The queue is full.</exception>
    public Generation Submit(GenerationRequest request, IGenerationObserver? observer = null) => Engine.Submit(request, model, observer);

    /// <summary>Ends the engine, and with it every model that shares it.</summary>
    public void Dispose() => group.Dispose();
}
