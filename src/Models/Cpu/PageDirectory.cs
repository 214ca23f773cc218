using InferenceServer.Models.Decoding;

namespace InferenceServer.Models.Cpu;

/// <summary>The pages of a segment's groups for one layer group, copied out of their tables once for all its layers.</summary>
internal sealed class PageDirectory(KvGeometry geometry)
{
    private readonly List<int> _first = [];
    private int[] _pages = [];

    public void Load(IReadOnlyList<SegmentRows> groups, int layerGroup)
    {
        _first.Clear();
        var count = 0;
        foreach (var (group, _) in groups)
        {
            _first.Add(count);
            count = checked(count + Needed(group));
        }

        _first.Add(count);
        if (_pages.Length < count) _pages = new int[Math.Max(count, 2 * _pages.Length)];
        for (var i = 0; i < groups.Count; i++)
        {
            var pages = groups[i].Group.Kv.Pages(layerGroup);
            for (var page = 0; page < Needed(groups[i].Group); page++) _pages[_first[i] + page] = pages[page];
        }
    }

    /// <summary>Pages of a group in order of position.</summary>
    public ReadOnlySpan<int> Of(int group) => _pages.AsSpan(_first[group], _first[group + 1] - _first[group]);

    private int Needed(RowGroup group) => geometry.PagesFor(group.Start + group.Count);
}
