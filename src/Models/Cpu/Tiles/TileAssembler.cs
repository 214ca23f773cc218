using System.Buffers.Binary;

namespace InferenceServer.Models.Cpu.Tiles;

/// <summary>64-bit registers that a function may use without saving them (System V calling convention).</summary>
internal enum Register
{
    Rax = 0,
    Rcx = 1,
    Rdx = 2,
    Rsi = 6,
    Rdi = 7,
    R8 = 8,
    R9 = 9,
    R10 = 10,
    R11 = 11,
}

/// <summary>
/// Writes the few x86-64 instructions of the tile kernels: .NET has no intrinsics for AMX. Encodings as in Intel's
/// Software Developer's Manual, volume 2; memory operands always have a 32-bit displacement.
/// </summary>
internal sealed class TileAssembler
{
    // Opcode maps and mandatory prefixes as VEX and EVEX number them.
    private const int Map0F = 1;
    private const int Map0F38 = 2;
    private const int NoPrefix = 0;
    private const int Prefix66 = 1;
    private const int PrefixF3 = 2;
    private const int PrefixF2 = 3;

    private readonly List<byte> _code = [];

    /// <summary>Offset of the next instruction.</summary>
    public int Position => _code.Count;

    public byte[] ToArray() => [.. _code];

    /// <summary>Pads with no-operations to a cache line.</summary>
    public void Align()
    {
        while (_code.Count % 64 != 0) _code.Add(0x90);
    }

    public void LoadConfiguration(Register at, int offset)
    {
        Vex(Map0F38, NoPrefix, 0, index: 0, at, 0x49);
        Memory(0, at, offset);
    }

    /// <summary>Rows of a tile at [at + offset], <paramref name="stride"/> bytes apart.</summary>
    public void TileLoad(int tile, Register at, Register stride, int offset = 0) => TileMemory(PrefixF2, tile, at, stride, offset);

    public void TileStore(int tile, Register at, Register stride, int offset = 0) => TileMemory(PrefixF3, tile, at, stride, offset);

    public void TileZero(int tile)
    {
        Vex(Map0F38, PrefixF2, 0, 0, 0, 0x49);
        Emit((byte)(0xC0 | (tile << 3)));
    }

    /// <summary>c += a · b, pairs of bf16 into f32.</summary>
    public void DotBf16(int c, int a, int b) => TileDot(PrefixF3, 0x5C, c, a, b);

    /// <summary>c += a · b, four signed bytes of each into 32-bit integers.</summary>
    public void DotBytes(int c, int a, int b) => TileDot(PrefixF2, 0x5E, c, a, b);

    public void TileRelease()
    {
        Vex(Map0F38, NoPrefix, 0, 0, 0, 0x49);
        Emit(0xC0);
    }

    public void LoadVector(int vector, Register at, int offset) => Vector(Map0F, NoPrefix, 0x10, vector, 0, at, offset);

    public void StoreVector(int vector, Register at, int offset) => Vector(Map0F, NoPrefix, 0x11, vector, 0, at, offset);

    public void ZeroVector(int vector) => Vector(Map0F, Prefix66, 0xEF, vector, vector, vector);

    /// <summary>Sixteen 32-bit integers at [at + offset] as floats.</summary>
    public void ToFloats(int to, Register at, int offset) => Vector(Map0F, NoPrefix, 0x5B, to, 0, at, offset);

    /// <summary>to = left · the float at [at + offset].</summary>
    public void Multiply(int to, int left, Register at, int offset) => Vector(Map0F, NoPrefix, 0x59, to, left, at, offset, broadcast: true);

    /// <summary>total += a · b, rounded once.</summary>
    public void MultiplyAdd(int total, int a, int b) => Vector(Map0F38, Prefix66, 0xB8, total, a, b);

    /// <summary>Asks for the line at [at + offset], into the first-level cache or the second.</summary>
    public void Prefetch(Register at, int offset, bool near)
    {
        if ((int)at >= 8) Emit(0x41);
        Emit(0x0F, 0x18);
        Memory(near ? 1 : 2, at, offset);
    }

    public void Set(Register to, int value)
    {
        if ((int)to >= 8) Emit(0x41);
        Emit((byte)(0xB8 | ((int)to & 7)));
        Emit32(value);
    }

    public void Move(Register to, Register from) => Wide(0x8B, to, from);

    public void Add(Register to, Register value) => Wide(0x03, to, value);

    public void Add(Register to, int value)
    {
        Emit((byte)(0x48 | ((int)to >> 3)), 0x81, (byte)(0xC0 | ((int)to & 7)));
        Emit32(value);
    }

    /// <summary>to = the 64-bit word at [at + offset].</summary>
    public void Load(Register to, Register at, int offset)
    {
        Emit((byte)(0x48 | (((int)to >> 3) << 2) | ((int)at >> 3)), 0x8B);
        Memory((int)to & 7, at, offset);
    }

    /// <summary>The 64-bit word at [at + offset] = from.</summary>
    public void Store(Register at, int offset, Register from)
    {
        Emit((byte)(0x48 | (((int)from >> 3) << 2) | ((int)at >> 3)), 0x89);
        Memory((int)from & 7, at, offset);
    }

    public void Decrement(Register register) => Emit((byte)(0x48 | ((int)register >> 3)), 0xFF, (byte)(0xC8 | ((int)register & 7)));

    /// <summary>Back to an earlier position unless the last result was zero.</summary>
    public void JumpUnlessZero(int position)
    {
        Emit(0x0F, 0x85);
        Emit32(position - (Position + 4));
    }

    /// <summary>Forward if the last result was zero, to where <see cref="Land"/> is called with what this returns.</summary>
    public int JumpIfZero()
    {
        Emit(0x0F, 0x84, 0, 0, 0, 0);
        return Position;
    }

    public void Land(int jump)
    {
        Span<byte> distance = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(distance, Position - jump);
        for (var i = 0; i < 4; i++) _code[jump - 4 + i] = distance[i];
    }

    public void Return() => Emit(0xC5, 0xF8, 0x77, 0xC3); // vzeroupper; ret

    private void TileMemory(int prefix, int tile, Register at, Register stride, int offset)
    {
        Vex(Map0F38, prefix, 0, stride, at, 0x4B);
        Emit((byte)(0x84 | (tile << 3)), (byte)((((int)stride & 7) << 3) | ((int)at & 7)));
        Emit32(offset);
    }

    private void TileDot(int prefix, byte opcode, int c, int a, int b)
    {
        Vex(Map0F38, prefix, b, 0, 0, opcode);
        Emit((byte)(0xC0 | (c << 3) | a));
    }

    // Three-byte VEX, 128 bits, W0; register numbers are stored inverted.
    private void Vex(int map, int prefix, int vvvv, Register index, Register at, byte opcode) => Emit(
        0xC4,
        (byte)(0x80 | ((~(int)index & 8) << 3) | ((~(int)at & 8) << 2) | map),
        (byte)(((~vvvv & 15) << 3) | prefix),
        opcode);

    private void Vector(int map, int prefix, byte opcode, int reg, int vvvv, Register at, int offset, bool broadcast = false)
    {
        Evex(map, prefix, reg, vvvv, (int)at >> 3, 0, broadcast, opcode);
        Memory(reg & 7, at, offset);
    }

    private void Vector(int map, int prefix, byte opcode, int reg, int vvvv, int rm)
    {
        Evex(map, prefix, reg, vvvv, (rm >> 3) & 1, rm >> 4, broadcast: false, opcode);
        Emit((byte)(0xC0 | ((reg & 7) << 3) | (rm & 7)));
    }

    // 512 bits, W0, no mask; the high bits of all registers are stored inverted.
    private void Evex(int map, int prefix, int reg, int vvvv, int rmBit3, int rmBit4, bool broadcast, byte opcode) => Emit(
        0x62,
        (byte)(((~reg & 8) << 4) | ((1 - rmBit4) << 6) | ((1 - rmBit3) << 5) | (~reg & 16) | map),
        (byte)(((~vvvv & 15) << 3) | 4 | prefix),
        (byte)(0x40 | (broadcast ? 0x10 : 0) | ((~vvvv & 16) >> 1)),
        opcode);

    private void Wide(byte opcode, Register reg, Register rm) => Emit(
        (byte)(0x48 | (((int)reg >> 3) << 2) | ((int)rm >> 3)), opcode, (byte)(0xC0 | (((int)reg & 7) << 3) | ((int)rm & 7)));

    private void Memory(int reg, Register at, int offset)
    {
        Emit((byte)(0x80 | (reg << 3) | ((int)at & 7)));
        Emit32(offset);
    }

    private void Emit32(int value) => Emit((byte)value, (byte)(value >> 8), (byte)(value >> 16), (byte)(value >> 24));

    private void Emit(params ReadOnlySpan<byte> bytes) => _code.AddRange(bytes);
}
