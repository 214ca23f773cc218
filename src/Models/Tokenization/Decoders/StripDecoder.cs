using System.Text;

namespace InferenceServer.Models.Tokenization.Decoders;

/// <summary>Takes up to <c>start</c> and <c>stop</c> copies of a character from the ends of each token.</summary>
internal sealed class StripDecoder(string character, int start, int stop) : DecoderStage
{
    private int _stripped; // at the start of the current token
    private bool _inside; // past the leading copies
    private int _held; // trailing copies that may be the end of the token

    public override void Push(string text, bool endsToken)
    {
        var output = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            var matches = rune.ToString() == character;
            if (!_inside && matches && _stripped < start)
            {
                _stripped++;
                continue;
            }

            _inside = true;
            if (matches)
            {
                _held++;
                if (_held > stop)
                    ReleaseOne(output);
            }
            else
            {
                while (_held > 0)
                    ReleaseOne(output);
                output.Append(rune.ToString());
            }
        }

        if (endsToken)
            (_stripped, _inside, _held) = (0, false, 0);
        if (output.Length > 0 || endsToken)
            Emit(output.ToString(), endsToken);
    }

    private void ReleaseOne(StringBuilder output)
    {
        output.Append(character);
        _held--;
    }
}
