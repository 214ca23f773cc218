using System.Runtime.InteropServices;
using InferenceServer.Models.Checkpoints;

namespace InferenceServer.Models.Cpu.Memory;

/// <summary>A block of native memory, aligned to a cache line, that grows on demand and is never collected.</summary>
internal sealed unsafe class NativeBuffer : IDisposable
{
    public const int Alignment = 64;

    private byte* _pointer;
    private long _bytes;

    public NativeBuffer()
    {
    }

    public NativeBuffer(long bytes) => EnsureBytes(bytes);

    /// <summary>Memory that will be filled whole and read from its first byte to its last: on huge pages where there are.</summary>
    public static NativeBuffer OfWeights(long bytes)
    {
        if (bytes < 2 * MappedMemory.HugePageBytes) return new NativeBuffer(bytes);
        var buffer = new NativeBuffer { _pointer = (byte*)NativeMemory.AlignedAlloc((nuint)bytes, MappedMemory.HugePageBytes), _bytes = bytes };
        MappedMemory.PreferHugePages((nint)buffer._pointer, bytes);
        return buffer;
    }

    ~NativeBuffer() => Free();

    public byte* Bytes => _pointer;

    public float* Floats => (float*)_pointer;

    public long Length => _bytes;

    /// <summary>Room for <paramref name="count"/> floats; what was in it is lost when it has to grow.</summary>
    public float* Ensure(long count)
    {
        EnsureBytes(checked(count * sizeof(float)));
        return (float*)_pointer;
    }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void EnsureBytes(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        if (bytes <= _bytes) return;
        Free();
        _pointer = (byte*)NativeMemory.AlignedAlloc((nuint)bytes, Alignment);
        _bytes = bytes;
    }

    private void Free()
    {
        NativeMemory.AlignedFree(_pointer);
        _pointer = null;
        _bytes = 0;
    }
}
