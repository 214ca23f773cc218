using System.Text;

namespace InferenceServer.Models.Tokenization.Decoders;

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
