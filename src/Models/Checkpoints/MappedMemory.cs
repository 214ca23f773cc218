using System.Runtime.InteropServices;

namespace InferenceServer.Models.Checkpoints;

/// <summary>What the system is told about memory before and after it is used. Advice: where it is not taken, nothing fails.</summary>
internal static partial class MappedMemory
{
    // madvise(2): the same numbers on Linux, macOS and the BSDs but for huge pages, which are Linux's.
    private const int WillNeed = 3;
    private const int DontNeed = 4;
    private const int HugePage = 14;

    /// <summary>Bytes of a huge page.</summary>
    public const int HugePageBytes = 2 << 20;

    /// <summary>A mapped file's bytes will be read soon.</summary>
    public static void Expect(nint address, long bytes) => Advise(address, bytes, Environment.SystemPageSize, outwards: true, WillNeed);

    /// <summary>A mapped file's pages are not needed for now; they stay readable.</summary>
    public static void Forget(nint address, long bytes) => Advise(address, bytes, Environment.SystemPageSize, outwards: false, DontNeed);

    /// <summary>Memory without a file will be filled whole: huge pages make it cheaper to fill and to find.</summary>
    public static void PreferHugePages(nint address, long bytes)
    {
        if (OperatingSystem.IsLinux()) Advise(address, bytes, HugePageBytes, outwards: false, HugePage);
    }

    private static void Advise(nint address, long bytes, int page, bool outwards, int advice)
    {
        if (OperatingSystem.IsWindows()) return;
        var (begin, end) = ((long)address, (long)address + bytes);
        begin = outwards ? begin / page * page : (begin + page - 1) / page * page;
        end = outwards ? (end + page - 1) / page * page : end / page * page;
        if (begin < end) _ = MemoryAdvice((nint)begin, (nuint)(end - begin), advice);
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int MemoryAdvice(nint address, nuint length, int advice);
}
