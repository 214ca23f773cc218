using System.Text;

namespace InferenceServer.Models.Tokenization.Decoders;

/// <summary>
/// GPT-2's byte alphabet back to bytes, and the bytes of all tokens together as UTF-8; invalid sequences become U+FFFD,
/// one per maximal subpart. At most three bytes are ever held back.
/// </summary>
internal sealed class ByteLevelDecoder : WholeTokenStage
{
    private readonly Decoder _utf8 = Encoding.UTF8.GetDecoder();

    public override void Complete()
    {
        Emit(Decode([], flush: true), endsToken: true);
        base.Complete();
    }

    protected override void OnToken(string token)
    {
        var text = Decode(BytesOf(token), flush: false);
        if (text.Length > 0)
            Emit(text, endsToken: false);
    }

    /// <summary>A token with any character outside the alphabet (an added token) stands for its own UTF-8.</summary>
    public static byte[] BytesOf(string token)
    {
        var bytes = new byte[token.Length];
        for (var i = 0; i < token.Length; i++)
        {
            var value = ByteAlphabet.ByteOf(token[i]);
            if (value < 0)
                return Encoding.UTF8.GetBytes(token);
            bytes[i] = (byte)value;
        }

        return bytes;
    }

    private string Decode(byte[] bytes, bool flush)
    {
        var buffer = new char[_utf8.GetCharCount(bytes, flush)];
        return new string(buffer, 0, _utf8.GetChars(bytes, buffer, flush));
    }
}
