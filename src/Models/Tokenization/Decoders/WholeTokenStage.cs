using System.Text;

namespace InferenceServer.Models.Tokenization.Decoders;

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
