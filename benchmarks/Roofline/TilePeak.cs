using System.Runtime.InteropServices;
using InferenceServer.Models.Cpu.Tiles;

namespace InferenceServer.Benchmarks.Roofline;

/// <summary>Loops of nothing but tile products, for the peak of the matrix unit.</summary>
internal sealed unsafe partial class TilePeak
{
    /// <summary>Of an iteration: eight products of 16 x 16 outputs over 32 inputs, a multiply-add counted as two.</summary>
    public const double Bf16Operations = 8 * 2 * 16 * 16 * 32;

    /// <summary>As above, over 64 inputs.</summary>
    public const double Int8Operations = 2 * Bf16Operations;

    private const int ConfigurationBytes = 64;
    private const int CallBytes = ConfigurationBytes + sizeof(long);
    private const int Readable = 1;
    private const int Writable = 2;
    private const int Executable = 4;
    private const int PrivateAnonymous = 0x22;

    private readonly byte* _code;
    private readonly int _integers;

    private TilePeak(byte* code, int integers)
    {
        _code = code;
        _integers = integers;
    }

    /// <summary>Null where the engine has no matrix unit either; it has asked the system for permission.</summary>
    public static TilePeak? Create()
    {
        if (TileUnit.Instance is null) return null;
        var code = new TileAssembler();
        Write(code, code.DotBf16);
        code.Align();
        var integers = code.Position;
        Write(code, code.DotBytes);
        var bytes = code.ToArray();
        var pages = MapMemory(null, (nuint)bytes.Length, Readable | Writable, PrivateAnonymous, -1, 0);
        if (pages == (byte*)-1) return null;
        bytes.CopyTo(new Span<byte>(pages, bytes.Length));
        return ProtectMemory(pages, (nuint)bytes.Length, Readable | Executable) == 0 ? new TilePeak(pages, integers) : null;
    }

    public void Run(bool integers, int count)
    {
        var call = stackalloc byte[CallBytes];
        new Span<byte>(call, CallBytes).Clear();
        call[0] = 1; // palette
        for (var tile = 0; tile < 8; tile++)
        {
            call[16 + (2 * tile)] = 64;
            call[48 + tile] = 16;
        }

        *(long*)(call + ConfigurationBytes) = count;
        ((delegate* unmanaged<byte*, void>)(_code + (integers ? _integers : 0)))(call);
    }

    private static void Write(TileAssembler code, Action<int, int, int> dot)
    {
        code.LoadConfiguration(Register.Rdi, 0);
        code.Load(Register.R8, Register.Rdi, ConfigurationBytes);
        for (var tile = 0; tile < 8; tile++) code.TileZero(tile);
        var loop = code.Position;
        for (var i = 0; i < 8; i++) dot(i % 4, 4 + (i / 2 % 2), 6 + (i % 2));
        code.Decrement(Register.R8);
        code.JumpUnlessZero(loop);
        code.TileRelease();
        code.Return();
    }

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial byte* MapMemory(void* address, nuint length, int protection, int flags, int file, long offset);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static partial int ProtectMemory(void* address, nuint length, int protection);
}
