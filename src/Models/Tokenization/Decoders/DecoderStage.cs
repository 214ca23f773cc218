namespace InferenceServer.Models.Tokenization.Decoders;

/// <summary>
/// One step from token strings to text, as a push-based state machine: batch decoding and streaming run the same code.
/// A token may arrive in fragments, because a stage that joins tokens (Fuse, ByteLevel) makes one long token of the
/// whole text and passes it on as soon as it can.
/// </summary>
internal abstract class DecoderStage
{
    /// <summary>The stage that receives this one's output.</summary>
    public DecoderStage? Next { get; set; }

    /// <param name="text">Part of a token, possibly empty.</param>
    /// <param name="endsToken">Whether the token is complete with this part.</param>
    public abstract void Push(string text, bool endsToken);

    /// <summary>No more tokens come: passes on whatever was held back.</summary>
    public virtual void Complete() => Next!.Complete();

    protected void Emit(string text, bool endsToken) => Next!.Push(text, endsToken);
}
