using InferenceServer.Models.Decoding;

namespace InferenceServer.Models;

/// <summary>How many KV pages an amount of memory is.</summary>
public static class KvBudget
{
    // More KV than this many full contexts would only be memory nobody asked for.
    private const int MostContexts = 256;

    /// <summary>What is set aside where no setting says: a quarter of the memory the process may use.</summary>
    public static long OfProcess => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4;

    /// <param name="bytes">For all pages.</param>
    /// <param name="perPage">Bytes of one.</param>
    /// <exception cref="DeviceException">Too little for any request.</exception>
    public static int Pages(DecoderSpec spec, KvGeometry geometry, long bytes, long perPage)
    {
        var useful = (long)MostContexts * geometry.LayerGroups * geometry.PagesFor(spec.MaxPositions);
        var pages = Math.Min(Math.Min(bytes / perPage, useful), int.MaxValue);
        var fewest = geometry.LayerGroups * 2;
        if (pages < fewest)
            throw new DeviceException($"KV memory of {bytes:N0} bytes is less than {fewest} pages of {perPage:N0} bytes; raise Engine:KvMemory.");
        return (int)pages;
    }
}
