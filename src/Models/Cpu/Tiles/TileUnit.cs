using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace InferenceServer.Models.Cpu.Tiles;

/// <summary>
/// The processor's matrix unit (Intel AMX), driven by machine code that is assembled once per process into pages that are
/// writable while it is written and executable after. Where the processor, the operating system or a hardened container
/// does not allow it there is none, and the vector kernels, which give the same bits, do its work.
/// </summary>
internal sealed unsafe partial class TileUnit
{
    private const long ArchPrctl = 158;
    private const long RequestPermission = 0x1023; // ARCH_REQ_XCOMP_PERM
    private const long TileData = 18;
    private const int Readable = 1;
    private const int Writable = 2;
    private const int Executable = 4;
    private const int PrivateAnonymous = 0x22;

    private static readonly Lazy<TileUnit?> Only = new(Create);

    private readonly byte* _code;
    private readonly int[] _entries; // in the order of Kernels

    private TileUnit(byte* code, int[] entries)
    {
        _code = code;
        _entries = entries;
    }

    /// <summary>Null where there is none.</summary>
    public static TileUnit? Instance => Only.Value;

    private static IEnumerable<Action<TileAssembler>> Kernels =>
    [
        TileKernels.Shape,
        TileKernels.Release,
        .. Enumerable.Range(0, 4).Select<int, Action<TileAssembler>>(i => code => TileKernels.Bf16(code, both: (i & 1) != 0, fresh: (i & 2) != 0)),
        .. Enumerable.Range(1, TileCall.TileRows).Select<int, Action<TileAssembler>>(rows => code => TileKernels.Blocks(code, rows)),
    ];

    /// <summary>Makes this thread's tiles ready for a kernel. They stay so until <see cref="Release"/>.</summary>
    public void Shape(TileShapes shapes) => Call(0, &shapes);

    /// <summary>Ends this thread's use of its tiles, so that the system need not save them any more.</summary>
    public void Release() => Call(1, null);

    /// <summary>Up to 32 rows of bf16; whether the weights come from memory.</summary>
    public void Bf16(TileCall* call, int rows, bool fresh) => Call(2 + (rows > TileCall.TileRows ? 1 : 0) + (fresh ? 2 : 0), call);

    /// <summary>1 to 16 rows of bytes in blocks, sixteen outputs.</summary>
    public void Blocks(TileCall* call, int rows) => Call(5 + rows, call);

    private void Call(int kernel, void* argument) => ((delegate* unmanaged<void*, void>)(_code + _entries[kernel]))(argument);

    private static TileUnit? Create()
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64 || !HasInstructions()) return null;
        if (SystemCall(ArchPrctl, RequestPermission, TileData, 0) != 0) return null;

        var code = new TileAssembler();
        var entries = new List<int>();
        foreach (var kernel in Kernels)
        {
            code.Align();
            entries.Add(code.Position);
            kernel(code);
        }

        return Load(code.ToArray()) is var pages and not null ? new TileUnit(pages, [.. entries]) : null;
    }

    private static byte* Load(byte[] code)
    {
        var length = (nuint)code.Length;
        var pages = MapMemory(null, length, Readable | Writable, PrivateAnonymous, -1, 0);
        if (pages == (byte*)-1) return null;
        code.CopyTo(new Span<byte>(pages, code.Length));
        if (ProtectMemory(pages, length, Readable | Executable) == 0) return pages;
        _ = UnmapMemory(pages, length);
        return null;
    }

    // CPUID leaf 7: EDX bit 22 = AMX-BF16, 24 = AMX-TILE, 25 = AMX-INT8.
    private static bool HasInstructions()
    {
        const int Needed = (1 << 22) | (1 << 24) | (1 << 25);
        return X86Base.IsSupported && Avx512F.IsSupported && X86Base.CpuId(0, 0).Eax >= 7 && (X86Base.CpuId(7, 0).Edx & Needed) == Needed;
    }

    [LibraryImport("libc", EntryPoint = "syscall")]
    private static partial long SystemCall(long number, long first, long second, long third);

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial byte* MapMemory(void* address, nuint length, int protection, int flags, int file, long offset);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static partial int ProtectMemory(void* address, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int UnmapMemory(void* address, nuint length);
}
