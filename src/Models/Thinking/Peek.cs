using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Thinking;

/// <summary>A wish to see what other trained heads make of the rows that tokens are read from.</summary>
/// <param name="Layers">Layers after which the heads stand; the one a token is read from itself is not reported.</param>
/// <param name="Top">How many of their most likely tokens.</param>
public sealed record PeekOptions(IReadOnlyList<int> Layers, int Top);

/// <summary>What the head after a layer would have said: its most likely tokens, the likeliest first.</summary>
public sealed record LayerPeek(int Layer, IReadOnlyList<TokenLogprob> Top);
