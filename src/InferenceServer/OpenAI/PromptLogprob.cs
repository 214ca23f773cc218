namespace InferenceServer.OpenAI;

/// <summary>How likely a token is where it stands in a prompt, or would be; vLLM's names.</summary>
/// <param name="Logprob">Natural logarithm, given the tokens before it.</param>
/// <param name="Rank">1 = the most likely.</param>
/// <param name="DecodedToken">Its text.</param>
public sealed record PromptLogprob(float Logprob, int Rank, string DecodedToken);
