namespace InferenceServer.Benchmarks.Synthetic;

/// <summary>Token ids of a prompt; peer.mjs forms them alike.</summary>
internal static class SyntheticPrompt
{
    public static int[] Tokens(int count, int seed) => [.. Enumerable.Range(0, count).Select(i => 300 + (((seed * 977) + (i * 31)) % 30_000))];
}
