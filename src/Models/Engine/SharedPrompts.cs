using InferenceServer.Models.Decoding;
using InferenceServer.Models.Thinking;

namespace InferenceServer.Models.Engine;

/// <summary>
/// Prompts that begin alike and arrive together (choices of one request, a system prompt): one sequence reads, the others
/// wait for it where that saves most of their own reading, share its whole blocks and copy the one both will write into.
/// </summary>
internal static class SharedPrompts
{
    /// <summary>Whether a running sequence is about to hold so much of this one's prompt that waiting saves half of it.</summary>
    public static bool ShouldAwait(Sequence candidate, IReadOnlyList<Sequence> running, KvLedger ledger)
    {
        if (running.Count == 0 || candidate.Program.Prefix is not { } prefix) return false;
        int? cached = null;
        foreach (var reader in running)
        {
            if (Alike(candidate, prefix, reader) is not ({ } read, > 0 and var alike)) continue;
            var held = Held(read, ledger.Geometry);
            var soon = Math.Min(alike, reader.Generation.Request.Prompt.Count);
            if (held >= soon) continue;
            var now = Math.Max(held, cached ??= ledger.Cached(candidate.SaltOf(prefix), prefix.Tokens));
            if (soon - now >= Math.Max(ledger.Geometry.PageTokens, (prefix.Tokens.Count - now) / 2)) return true;
        }

        return false;
    }

    /// <summary>The running sequence whose KV agrees with this one's tokens the furthest beyond <paramref name="length"/>.</summary>
    public static (KvPrefix? Donor, int Alike) BestDonor(Sequence candidate, IReadOnlyList<Sequence> running, int length)
    {
        if (candidate.Program.Prefix is not { } prefix) return default;
        (KvPrefix? Donor, int Alike) best = (null, length);
        foreach (var other in running)
        {
            if (Alike(candidate, prefix, other) is not ({ } donor, var alike)) continue;
            alike = Math.Min(alike, Held(donor, donor.Table.Geometry));
            if (alike > best.Alike) best = (donor, alike);
        }

        return best;
    }

    /// <summary>Positions a table holds in every layer.</summary>
    public static int Held(KvPrefix prefix, KvGeometry geometry) =>
        prefix.Table.Length(new LayerRange(0, geometry.LayerGroups * geometry.LayersPerPage));

    // How many leading tokens two sequences may share; the newest of the candidate is always run.
    private static (KvPrefix? Other, int Tokens) Alike(Sequence candidate, KvPrefix prefix, Sequence other)
    {
        if (other.Program.Prefix is not { } held || other.SaltOf(held) != candidate.SaltOf(prefix)) return default;
        var most = Math.Min(Math.Min(prefix.Tokens.Count - 1, candidate.Program.MostShared), held.Tokens.Count);
        var alike = 0;
        while (alike < most && prefix.Tokens[alike] == held.Tokens[alike]) alike++;
        return (held, alike);
    }
}
