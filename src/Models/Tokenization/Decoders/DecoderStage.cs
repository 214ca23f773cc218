using System.Text;

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

/// <summary>A stage that needs each token whole.</summary>
internal abstract class WholeTokenStage : DecoderStage
{
    private readonly StringBuilder _fragments = new();

    public sealed override void Push(string text, bool endsToken)
    {
        if (endsToken && _fragments.Length == 0)
        {
            OnToken(text);
            return;
        }

        _fragments.Append(text);
        if (!endsToken)
            return;
        var token = _fragments.ToString();
        _fragments.Clear();
        OnToken(token);
    }

    protected abstract void OnToken(string token);
}

/// <summary>The end of a chain: collects text until it is taken.</summary>
internal sealed class TextSink(string separator) : DecoderStage
{
    private readonly StringBuilder _text = new();
    private bool _betweenTokens;

    public override void Push(string text, bool endsToken)
    {
        if (_betweenTokens)
            _text.Append(separator);
        _text.Append(text);
        _betweenTokens = endsToken && separator.Length > 0;
    }

    public override void Complete()
    {
    }

    public string Take()
    {
        if (_text.Length == 0)
            return "";
        var text = _text.ToString();
        _text.Clear();
        return text;
    }
}
