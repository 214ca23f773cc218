namespace InferenceServer.Models.Engine;

/// <summary>Finds stop strings in streamed text.</summary>
internal static class StopStrings
{
    /// <summary>The earliest stop string in the text; the first listed among those that begin there.</summary>
    public static (int At, string Stop)? Find(string text, IReadOnlyList<string> stops)
    {
        (int At, string Stop)? first = null;
        foreach (var stop in stops)
        {
            var at = text.IndexOf(stop, StringComparison.Ordinal);
            if (at >= 0 && (first is null || at < first.Value.At)) first = (at, stop);
        }

        return first;
    }

    /// <summary>How many characters at the end of the text may be the beginning of a stop string.</summary>
    public static int PossibleStart(string text, IReadOnlyList<string> stops)
    {
        var longest = 0;
        foreach (var stop in stops)
        {
            for (var length = Math.Min(stop.Length - 1, text.Length); length > longest; length--)
            {
                if (text.AsSpan(text.Length - length).SequenceEqual(stop.AsSpan(0, length))) longest = length;
            }
        }

        return longest;
    }
}
