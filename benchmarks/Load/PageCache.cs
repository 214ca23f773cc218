using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace InferenceServer.Benchmarks.Load;

/// <summary>Empties the page cache of files, so that loading them reads the disk.</summary>
internal static partial class PageCache
{
    private const int DontNeed = 4; // POSIX_FADV_DONTNEED on Linux

    /// <summary>Whether the system took the hint; a file that somebody has mapped stays.</summary>
    public static bool TryDrop(string folder)
    {
        if (!OperatingSystem.IsLinux()) return false;
        var dropped = true;
        foreach (var path in Directory.EnumerateFiles(folder, "*.safetensors"))
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite);
            file.Flush(flushToDisk: true); // pages that are not on the disk yet cannot go
            dropped &= Advise(file.SafeFileHandle, 0, 0, DontNeed) == 0;
        }

        return dropped;
    }

    [LibraryImport("libc", EntryPoint = "posix_fadvise")]
    private static partial int Advise(SafeFileHandle file, long offset, long length, int advice);
}
