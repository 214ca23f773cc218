using InferenceServer.Models.Thinking;

namespace InferenceServer.Models.Tests.Thinking;

/// <summary>Token i is the i-th letter from 'a'.</summary>
internal sealed class LetterDetokenizer : IDetokenizer
{
    public string Append(int id) => ((char)('a' + id)).ToString();

    public string Flush() => "";
}
