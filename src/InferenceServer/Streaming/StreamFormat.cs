using InferenceServer.Errors;
using InferenceServer.Models.Engine;

namespace InferenceServer.Streaming;

/// <summary>How one endpoint says what happens. One instance a request.</summary>
public abstract class StreamFormat
{
    /// <summary>Whether it can tell a client to forget what was sent.</summary>
    public virtual bool TakesBack => false;

    /// <summary>Before anything of any choice.</summary>
    public abstract void Begin(SseWriter writer);

    public abstract void Token(SseWriter writer, int choice, GenerationEvent.Token token);

    /// <summary>What the model makes of the prompt; only where the endpoint has asked for it.</summary>
    public virtual void PromptScored(SseWriter writer, int choice, GenerationEvent.PromptScored scored)
    {
    }

    /// <summary>What another head makes of a token that was sent; formats without a word for it say nothing.</summary>
    public virtual void Peeked(SseWriter writer, int choice, GenerationEvent.Peeked peeked)
    {
    }

    /// <summary>What was sent on a channel is void.</summary>
    public abstract void Restarted(SseWriter writer, int choice, GenerationEvent.Restarted restarted);

    public abstract void Finished(SseWriter writer, int choice, GenerationEvent.Finished finished);

    /// <summary>After all of every choice.</summary>
    public abstract void Complete(SseWriter writer, GenerationUsage usage);

    /// <summary>After a long silence.</summary>
    public virtual void KeepAlive(SseWriter writer) => writer.WriteKeepAlive();

    public abstract void Fail(SseWriter writer, ErrorResponse problem);
}
