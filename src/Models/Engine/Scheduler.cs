namespace InferenceServer.Models.Engine;

/// <summary>
/// Divides a step's rows among the running sequences. Sees only how many rows each would like to run, in order of
/// priority and age: no tensors, no memory, so it is tested without a model.
/// </summary>
internal static class Scheduler
{
    /// <summary>A sequence with no more rows than this to run is decoding, and is never kept waiting by a prompt.</summary>
    public const int ShortRows = 8;

    /// <summary>
    /// Fills <paramref name="granted"/>: first everyone who decodes, then prompts and catch-ups with what is left, the first
    /// in order first. The first of those always advances, so each is the first one day; a grant of 0 sits the step out.
    /// Spare rows of those who decode stand in the same line as prompts.
    /// </summary>
    /// <param name="budget">Rows of the step; at least as many as there are sequences.</param>
    /// <param name="spare">Rows a sequence can run besides its pending ones; 0 for those who have a prompt pending.</param>
    public static void Share(int budget, ReadOnlySpan<int> pending, ReadOnlySpan<int> spare, Span<int> granted, Span<int> grantedSpare)
    {
        var decoding = 0;
        foreach (var rows in pending)
        {
            if (rows <= ShortRows) decoding++;
        }

        // One row for each of those behind is set aside, and one for the first prompt.
        var aside = decoding + (decoding < pending.Length ? 1 : 0);
        for (var i = 0; i < pending.Length; i++)
        {
            if (pending[i] > ShortRows) continue;
            granted[i] = Math.Clamp(budget - --aside, 1, Math.Max(1, pending[i]));
            budget -= granted[i];
        }

        for (var i = 0; i < pending.Length; i++)
        {
            var isPrompt = pending[i] > ShortRows;
            var rows = Math.Min(isPrompt ? pending[i] : spare[i], budget);
            if (isPrompt) granted[i] = rows;
            grantedSpare[i] = isPrompt ? 0 : rows;
            budget -= rows;
        }
    }
}
