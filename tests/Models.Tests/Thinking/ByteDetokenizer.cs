using System.Text;
using InferenceServer.Models.Thinking;

namespace InferenceServer.Models.Tests.Thinking;

/// <summary>A byte-level vocabulary: each id is a few bytes of UTF-8, which may begin or end inside a character.</summary>
internal sealed class ByteDetokenizer(IReadOnlyList<byte[]> vocabulary) : IDetokenizer
{
    private readonly Decoder _decoder = new UTF8Encoding(false, false).GetDecoder();

    public string Append(int id) => Decode(vocabulary[id], flush: false);

    public string Flush() => Decode([], flush: true);

    private string Decode(byte[] bytes, bool flush)
    {
        var characters = new char[bytes.Length + 4];
        return new string(characters, 0, _decoder.GetChars(bytes, characters, flush));
    }
}
