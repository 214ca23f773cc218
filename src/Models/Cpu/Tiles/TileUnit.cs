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

    private readonly delegate* unmanaged<TileCall*, void> _bf16One;
    private readonly delegate* unmanaged<TileCall*, void> _bf16Two;
    private readonly delegate* unmanaged<TileCall*, void> _blocksLow;
    private readonly delegate* unmanaged<TileCall*, void> _blocksHigh;

    private TileUnit(byte* code, int[] entries)
    {
        _bf16One = (delegate* unmanaged<TileCall*, void>)(code + entries[0]);
        _bf16Two = (delegate* unmanaged<TileCall*, void>)(code + entries[1]);
        _blocksLow = (delegate* unmanaged<TileCall*, void>)(code + entries[2]);
        _blocksHigh = (delegate* unmanaged<TileCall*, void>)(code + entries[3]);
    }

    /// <summary>Null where there is none.</summary>
    public static TileUnit? Instance => Only.Value;

    /// <summary>Up to 16 rows of bf16, or up to 32.</summary>
    public void Bf16(TileCall* call)
    {
        if (call->Rows > TileCall.TileRows) _bf16Two(call);
        else _bf16One(call);
    }

    /// <summary>Up to 16 rows of bytes in blocks; outputs 0..15 of the strip or 16..31.</summary>
    public void Blocks(TileCall* call, int half)
    {
        if (half == 0) _blocksLow(call);
        else _blocksHigh(call);
    }

    private static TileUnit? Create()
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64 || !HasInstructions()) return null;
        if (SystemCall(ArchPrctl, RequestPermission, TileData, 0) != 0) return null;

        var code = new TileAssembler();
        var entries = new List<int>();
        foreach (var kernel in (Action[])[() => TileKernels.Bf16(code, both: false), () => TileKernels.Bf16(code, both: true), () => TileKernels.Blocks(code, 0), () => TileKernels.Blocks(code, 1)])
        {
            code.Align();
            entries.Add(code.Position);
            kernel();
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
