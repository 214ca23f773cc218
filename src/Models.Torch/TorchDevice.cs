using System.Runtime.InteropServices;

namespace InferenceServer.Models.Torch;

/// <summary>Where tensors live and what type products are computed in. Residual rows, norms and draws are f32 or wider everywhere.</summary>
internal sealed class TorchDevice(torch.Device device, torch.ScalarType dtype) : IDisposable
{
    private static readonly byte[] BitsOfBytes = [.. Enumerable.Range(0, 256 * 8).Select(i => (byte)((i / 8 >> (i % 8)) & 1))];

    private Tensor? _bits;

    /// <summary>Tensors of this process that have not been freed: a step must leave as many as it found.</summary>
    public static long LiveTensors => Tensor.TotalCount;

    /// <summary>Of weights, KV and what enters a product.</summary>
    public torch.ScalarType DType { get; } = dtype;

    public torch.Device Device { get; } = device;

    /// <summary>As settings name it.</summary>
    public string Name => Device.type == DeviceType.CPU ? "torch-cpu" : $"cuda:{Device.index}";

    /// <summary>Bytes of one weight.</summary>
    public int ElementSize => DType == torch.ScalarType.Float32 ? 4 : 2;

    /// <summary>The bits of every byte, [256, 8], lowest first.</summary>
    public Tensor Bits => _bits ??= Lasting(() => Upload(BitsOfBytes).to(torch.ScalarType.Bool).view(256, 8));

    public Tensor Empty(torch.ScalarType type, params long[] shape) => torch.empty(shape, type, Device);

    public Tensor Zeros(torch.ScalarType type, params long[] shape) => torch.zeros(shape, type, Device);

    public Tensor Range(long count) => torch.arange(count, torch.ScalarType.Int64, Device);

    /// <summary>Host numbers as a tensor [n].</summary>
    public Tensor Upload(ReadOnlySpan<long> values) => Upload(MemoryMarshal.AsBytes(values), values.Length, torch.ScalarType.Int64);

    /// <inheritdoc cref="Upload(ReadOnlySpan{long})"/>
    public Tensor Upload(ReadOnlySpan<float> values) => Upload(MemoryMarshal.AsBytes(values), values.Length, torch.ScalarType.Float32);

    /// <inheritdoc cref="Upload(ReadOnlySpan{long})"/>
    public Tensor Upload(ReadOnlySpan<double> values) => Upload(MemoryMarshal.AsBytes(values), values.Length, torch.ScalarType.Float64);

    /// <inheritdoc cref="Upload(ReadOnlySpan{long})"/>
    public Tensor Upload(byte[] values) => Upload(values, values.Length, torch.ScalarType.Byte);

    /// <summary>The same numbers in the type of products.</summary>
    public Tensor ToProduct(Tensor x) => x.to(DType);

    /// <summary>A tensor that outlives the scope it is made in; what was needed to make it does not.</summary>
    public static Tensor Lasting(Func<Tensor> make)
    {
        using var scope = torch.NewDisposeScope();
        return scope.Detach(make());
    }

    public void Dispose() => _bits?.Dispose();

    // Without waiting: memory that is not pinned is taken over before the call returns, so the host's copy may go, and the
    // device is not asked to finish what it is doing first.
    private Tensor Upload(ReadOnlySpan<byte> bytes, int count, torch.ScalarType type)
    {
        var host = torch.empty([count], type, torch.CPU);
        bytes.CopyTo(host.bytes);
        if (Device.type == DeviceType.CPU) return host;
        using (host) return Copied(host);
    }

    private Tensor Copied(Tensor host)
    {
        var there = torch.empty(host.shape, host.dtype, Device);
        there.copy_(host, true);
        return there;
    }
}
