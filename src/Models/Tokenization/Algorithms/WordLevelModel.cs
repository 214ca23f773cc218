namespace InferenceServer.Models.Tokenization.Algorithms;

/// <summary>One token per piece.</summary>
internal sealed class WordLevelModel(Vocabulary vocabulary, string unknownToken) : TokenModel(vocabulary)
{
    public override void Encode(ReadOnlySpan<char> piece, List<int> ids) =>
        ids.Add(Vocabulary.Find(piece) ?? Vocabulary.Find(unknownToken) ?? throw NoUnknownToken("WordLevel"));
}
