namespace InferenceServer.Models.Decoding;

/// <summary>
/// How KV memory is cut: a page holds <see cref="PageTokens"/> positions of <see cref="LayersPerPage"/> layers, so
/// pages of every layer range come from one arena and a thought that only ever ran [0, k) costs only the pages below k.
/// </summary>
public sealed record KvGeometry(int PageTokens, int LayersPerPage, int LayerGroups)
{
    public const int DefaultPageTokens = 16;

    /// <summary>The largest page that no range of this model needs in part.</summary>
    public static KvGeometry For(DecoderSpec spec, int pageTokens = DefaultPageTokens)
    {
        var layers = spec.Layers.Count;
        var width = spec.Cuts.Aggregate(layers, GreatestCommonDivisor);
        return new KvGeometry(pageTokens, width, layers / width);
    }

    public int GroupOf(int layer) => layer / LayersPerPage;

    public int PagesFor(int positions) => (positions + PageTokens - 1) / PageTokens;

    private static int GreatestCommonDivisor(int a, int b) => b == 0 ? a : GreatestCommonDivisor(b, a % b);
}

/// <summary>
/// The pages of one KV set, per layer group in order of position, and the length each group has. The host ledger
/// owns both; an engine only looks pages up. Lengths move when a step is accepted, never when it is planned.
/// </summary>
public sealed class KvTable(int id, KvGeometry geometry)
{
    private readonly List<int>[] _pages = [.. Enumerable.Range(0, geometry.LayerGroups).Select(_ => new List<int>())];
    private readonly int[] _lengths = new int[geometry.LayerGroups];

    public int Id { get; } = id;

    public KvGeometry Geometry { get; } = geometry;

    /// <summary>
    /// Whether its rows are placed by the frequencies of long sequences (<see cref="RopeSpec.Beyond"/>). Changed only while
    /// the table is empty.
    /// </summary>
    public bool IsLong { get; internal set; }

    /// <summary>Arena pages of a layer group; page i holds positions [i·PageTokens, (i+1)·PageTokens).</summary>
    public IReadOnlyList<int> Pages(int group) => _pages[group];

    /// <summary>Positions that every layer of the range holds.</summary>
    public int Length(LayerRange range)
    {
        var length = int.MaxValue;
        for (var group = Geometry.GroupOf(range.Lo); group <= Geometry.GroupOf(range.Hi - 1); group++)
            length = Math.Min(length, _lengths[group]);
        return length;
    }

    /// <summary>Records that the rows up to <paramref name="length"/> have passed the range: a group holds them once its last layer ran.</summary>
    internal void Commit(LayerRange range, int length)
    {
        for (var group = Geometry.GroupOf(range.Lo); (group + 1) * Geometry.LayersPerPage <= range.Hi; group++)
            _lengths[group] = length;
    }

    /// <summary>Forgets positions from <paramref name="length"/> on, in every layer.</summary>
    internal void Truncate(int length)
    {
        for (var group = 0; group < _lengths.Length; group++) _lengths[group] = Math.Min(_lengths[group], length);
    }

    internal List<int> MutablePages(int group) => _pages[group];
}
