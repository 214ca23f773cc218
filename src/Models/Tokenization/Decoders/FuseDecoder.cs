namespace InferenceServer.Models.Tokenization.Decoders;

/// <summary>Joins all tokens into one.</summary>
internal sealed class FuseDecoder : DecoderStage
{
    public override void Push(string text, bool endsToken)
    {
        if (text.Length > 0)
            Emit(text, endsToken: false);
    }

    public override void Complete()
    {
        Emit("", endsToken: true);
        base.Complete();
    }
}
