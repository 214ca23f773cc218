using System.Buffers.Binary;
using System.IO.MemoryMappedFiles;

namespace InferenceServer.Models.Checkpoints;

/// <summary>
/// One safetensors file, memory-mapped: 8 bytes of header length (little-endian), the JSON header, the data
/// (github.com/huggingface/safetensors, "Format"). Everything the header claims is checked before a byte of data is
/// read. Tensors are valid until the file is disposed; no alignment is assumed.
/// </summary>
public sealed unsafe class SafetensorsFile : IDisposable
{
    private const int PrefixLength = 8;

    private readonly MemoryMappedFile _map;
    private readonly MemoryMappedViewAccessor _view;
    private readonly SafetensorsHeader _header;
    private readonly byte* _data;
    private bool _disposed;

    private SafetensorsFile(string path, FileStream stream, SafetensorsHeader header, long dataOffset)
    {
        Path = path;
        _header = header;
        _map = MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
        _view = _map.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        byte* start = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        _data = start + _view.PointerOffset + dataOffset;
    }

    public string Path { get; }

    /// <summary>The header's <c>__metadata__</c>.</summary>
    public IReadOnlyDictionary<string, string> Metadata => _header.Metadata;

    /// <summary>Names of all tensors, also of those whose type no weight can have.</summary>
    public IEnumerable<string> Names => _header.Entries.Keys;

    /// <exception cref="CheckpointException">The file cannot be read or breaks the format.</exception>
    public static SafetensorsFile Open(string path)
    {
        FileStream? stream = null;
        try
        {
            stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1);
            var header = ReadHeader(path, stream, out var dataOffset);
            return new SafetensorsFile(path, stream, header, dataOffset);
        }
        catch (Exception exception)
        {
            stream?.Dispose();
            if (exception is IOException or UnauthorizedAccessException)
                throw new CheckpointException(CheckpointErrorKind.Unreadable, path, $"The file cannot be read: {exception.Message}", innerException: exception);
            throw;
        }
    }

    public bool Contains(string name) => _header.Entries.ContainsKey(name);

    /// <exception cref="CheckpointException">There is no such tensor, or its type cannot be a weight's.</exception>
    public Tensor Get(string name)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (!_header.Entries.TryGetValue(name, out var entry))
            throw new CheckpointException(CheckpointErrorKind.TensorMissing, Path, "The file has no such tensor.", $"tensor '{name}'");
        if (entry.DType.Usable is not { } dtype)
        {
            throw new CheckpointException(
                CheckpointErrorKind.DTypeUnsupported,
                Path,
                "Weights of this type are not supported; save the model unquantised.",
                $"tensor '{name}'",
                "F32, F16 or BF16",
                entry.DType.Name);
        }

        return new MappedTensor(this, entry, dtype);
    }

    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _map.Dispose();
    }

    private static SafetensorsHeader ReadHeader(string path, FileStream stream, out long dataOffset)
    {
        var fileLength = stream.Length;
        if (fileLength < PrefixLength)
        {
            throw new CheckpointException(
                CheckpointErrorKind.FileTruncated, path, "The file is too short for a safetensors file.", null, "at least 8 bytes", $"{fileLength}");
        }

        Span<byte> prefix = stackalloc byte[PrefixLength];
        stream.ReadExactly(prefix);
        var length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (length > SafetensorsHeader.MaxLength)
        {
            throw new CheckpointException(
                CheckpointErrorKind.HeaderTooLarge,
                path,
                "The header is too long; is this a safetensors file?",
                null,
                $"at most {SafetensorsHeader.MaxLength} bytes",
                $"{length}");
        }

        if (length < 2)
        {
            throw new CheckpointException(
                CheckpointErrorKind.HeaderLengthInvalid, path, "The header is too short to be JSON.", null, "at least 2 bytes", $"{length}");
        }

        dataOffset = PrefixLength + (long)length;
        if (dataOffset > fileLength)
        {
            throw new CheckpointException(
                CheckpointErrorKind.FileTruncated,
                path,
                "The header reaches beyond the file: was the download cut off?",
                null,
                $"at least {dataOffset} bytes",
                $"{fileLength}");
        }

        var json = new byte[length];
        stream.ReadExactly(json);
        return SafetensorsHeader.Parse(path, json, fileLength - dataOffset);
    }

    private sealed class MappedTensor(SafetensorsFile file, SafetensorsEntry entry, DType dtype)
        : Tensor(entry.Name, dtype, entry.Shape)
    {
        public override ReadOnlySpan<byte> Bytes(long start, int count)
        {
            return new ReadOnlySpan<byte>((void*)Address(start, count), checked(count * ElementSize));
        }

        public override void Expect(long start, long count) => MappedMemory.Expect(Address(start, count), count * ElementSize);

        public override void Forget(long start, long count) => MappedMemory.Forget(Address(start, count), count * ElementSize);

        private nint Address(long start, long count)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(start);
            ArgumentOutOfRangeException.ThrowIfNegative(count);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(start, Count - count);
            ObjectDisposedException.ThrowIf(file._disposed, file);
            return (nint)(file._data + entry.Begin + (start * ElementSize));
        }
    }
}
