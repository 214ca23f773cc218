namespace InferenceServer.Models.Decoding;

/// <summary>Which calls of a boundary run together: those of one net and index, as long as none reads what a later one writes.</summary>
internal static class SideNetBatches
{
    /// <summary>Batches in the order in which they have to run.</summary>
    public static IEnumerable<IReadOnlyList<SideNetCall>> Of(IReadOnlyList<SideNetCall> calls)
    {
        var waiting = calls.ToList();
        while (waiting.Count > 0)
        {
            var together = new List<SideNetCall>();
            var first = waiting[0];
            for (var i = 0; i < waiting.Count; i++)
            {
                var call = waiting[i];
                if (call.Net != first.Net || call.Index != first.Index) continue;
                var blocked = waiting.Take(i).Any(earlier =>
                    earlier.Out == call.In || earlier.Replacement == call.In || Same(earlier.State, call.State));
                if (!blocked) together.Add(call);
            }

            waiting.RemoveAll(together.Contains);
            yield return together;
        }
    }

    private static bool Same(Rows? a, Rows? b) => a is not null && a == b;
}
