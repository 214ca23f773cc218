using System.Text.Json;
using System.Text.Unicode;

namespace InferenceServer.Models.Checkpoints;

/// <summary>One tensor of a header: its bytes are [Begin, End) of the data that follows the header.</summary>
internal sealed record SafetensorsEntry(string Name, StoredDType DType, int[] Shape, long Begin, long End);

/// <summary>
/// The JSON header of a safetensors file, checked by the published format: UTF-8, no duplicate names, known types,
/// sizes that match, and tensors that cover the data exactly, without hole or overlap.
/// </summary>
internal sealed class SafetensorsHeader
{
    /// <summary>The format's own cap on the header, in bytes.</summary>
    public const int MaxLength = 100_000_000;

    private const string MetadataKey = "__metadata__";

    private readonly string _file;
    private readonly Dictionary<string, string> _metadata = [];
    private readonly Dictionary<string, SafetensorsEntry> _entries = [];

    private SafetensorsHeader(string file) => _file = file;

    public IReadOnlyDictionary<string, string> Metadata => _metadata;

    public IReadOnlyDictionary<string, SafetensorsEntry> Entries => _entries;

    /// <param name="dataLength">Bytes of the file behind the header.</param>
    public static SafetensorsHeader Parse(string file, ReadOnlyMemory<byte> json, long dataLength)
    {
        var header = new SafetensorsHeader(file);
        if (!Utf8.IsValid(json.Span)) throw header.Error(CheckpointErrorKind.HeaderNotUtf8, "The header is not UTF-8.");
        if (json.Span[0] != '{') throw header.Error(CheckpointErrorKind.HeaderNotJson, "The header must begin with '{'.");
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 16 });
            var names = new HashSet<string>();
            foreach (var property in document.RootElement.EnumerateObject())
            {
                var name = property.Name;
                if (!names.Add(name)) throw header.Error(CheckpointErrorKind.DuplicateName, "The header names it twice.", name);
                if (name == MetadataKey) header.ReadMetadata(property.Value);
                else header._entries[name] = header.ReadEntry(name, property.Value);
            }
        }
        catch (JsonException exception)
        {
            throw header.Error(CheckpointErrorKind.HeaderNotJson, "The header is not valid JSON.", inner: exception);
        }
        catch (InvalidOperationException exception)
        {
            // A string with an unpaired surrogate escape is only noticed when it is read.
            throw header.Error(CheckpointErrorKind.HeaderNotJson, "The header holds an invalid string.", inner: exception);
        }

        header.CheckCoverage(dataLength);
        return header;
    }

    private void ReadMetadata(JsonElement metadata)
    {
        if (metadata.ValueKind != JsonValueKind.Object)
            throw Error(CheckpointErrorKind.MetadataInvalid, "It must be an object of strings.", MetadataKey);
        foreach (var property in metadata.EnumerateObject())
        {
            if (property.Value.ValueKind != JsonValueKind.String)
                throw Error(CheckpointErrorKind.MetadataInvalid, $"The value of '{property.Name}' must be a string.", MetadataKey);
            if (!_metadata.TryAdd(property.Name, property.Value.GetString()!))
                throw Error(CheckpointErrorKind.DuplicateName, $"The key '{property.Name}' stands there twice.", MetadataKey);
        }
    }

    private SafetensorsEntry ReadEntry(string name, JsonElement info)
    {
        if (info.ValueKind != JsonValueKind.Object)
            throw Error(CheckpointErrorKind.TensorInfoInvalid, "Its entry must be an object.", name);
        var keys = new HashSet<string>();
        foreach (var property in info.EnumerateObject())
        {
            if (!keys.Add(property.Name))
                throw Error(CheckpointErrorKind.DuplicateName, $"Its entry has the key '{property.Name}' twice.", name);
        }

        var dtype = ReadDType(name, info);
        var shape = ReadShape(name, info);
        var (begin, end) = ReadOffsets(name, info);
        var bits = Bits(name, dtype, shape);
        if (bits % 8 != 0 || bits / 8 != end - begin)
        {
            throw Error(
                CheckpointErrorKind.SizeMismatch,
                "Its data_offsets do not match its shape.",
                name,
                $"{bits / 8} bytes for {dtype.Name} [{string.Join(", ", shape)}]",
                $"{end - begin} bytes");
        }

        return new SafetensorsEntry(name, dtype, shape, begin, end);
    }

    private StoredDType ReadDType(string name, JsonElement info)
    {
        if (!info.TryGetProperty("dtype", out var value) || value.ValueKind != JsonValueKind.String)
            throw Error(CheckpointErrorKind.TensorInfoInvalid, "Its entry needs a string 'dtype'.", name);
        var text = value.GetString()!;
        return StoredDType.Parse(text)
            ?? throw Error(CheckpointErrorKind.DTypeUnknown, "Unknown dtype.", name, "a dtype of the safetensors format", $"'{text}'");
    }

    private int[] ReadShape(string name, JsonElement info)
    {
        if (!info.TryGetProperty("shape", out var value) || value.ValueKind != JsonValueKind.Array)
            throw Error(CheckpointErrorKind.TensorInfoInvalid, "Its entry needs an array 'shape'.", name);
        var shape = new int[value.GetArrayLength()];
        var axis = 0;
        foreach (var element in value.EnumerateArray())
        {
            var dimension = ReadInteger(name, "shape", element);
            if (dimension > int.MaxValue)
                throw Error(CheckpointErrorKind.ShapeOverflow, "A dimension is too large.", name, $"at most {int.MaxValue}", $"{dimension}");
            shape[axis++] = (int)dimension;
        }

        return shape;
    }

    private (long Begin, long End) ReadOffsets(string name, JsonElement info)
    {
        if (!info.TryGetProperty("data_offsets", out var value)
            || value.ValueKind != JsonValueKind.Array
            || value.GetArrayLength() != 2)
            throw Error(CheckpointErrorKind.TensorInfoInvalid, "Its entry needs 'data_offsets' [begin, end].", name);
        var (begin, end) = (ReadInteger(name, "data_offsets", value[0]), ReadInteger(name, "data_offsets", value[1]));
        return begin <= end
            ? (begin, end)
            : throw Error(CheckpointErrorKind.OffsetsInvalid, "Its data end before they begin.", name, "begin <= end", $"[{begin}, {end}]");
    }

    private long ReadInteger(string name, string key, JsonElement element)
    {
        if (element.ValueKind != JsonValueKind.Number || !element.TryGetInt64(out var number))
        {
            var kind = element.ValueKind == JsonValueKind.Number && element.TryGetUInt64(out _)
                ? CheckpointErrorKind.ShapeOverflow
                : CheckpointErrorKind.TensorInfoInvalid;
            throw Error(kind, $"'{key}' must hold integers below 2^63.", name, found: element.GetRawText());
        }

        return number >= 0
            ? number
            : throw Error(CheckpointErrorKind.ShapeNegative, $"'{key}' must not be negative.", name, found: element.GetRawText());
    }

    private long Bits(string name, StoredDType dtype, int[] shape)
    {
        try
        {
            var bits = (long)dtype.Bits;
            foreach (var dimension in shape) bits = checked(bits * dimension);
            return bits;
        }
        catch (OverflowException exception)
        {
            throw Error(
                CheckpointErrorKind.ShapeOverflow,
                "The product of its shape overflows.",
                name,
                found: $"[{string.Join(", ", shape)}]",
                inner: exception);
        }
    }

    // In order of offset every tensor must begin where the one before it ended, and the last must end with the file.
    private void CheckCoverage(long dataLength)
    {
        var end = 0L;
        foreach (var entry in _entries.Values.OrderBy(entry => entry.Begin).ThenBy(entry => entry.End))
        {
            if (entry.Begin != end)
            {
                throw entry.Begin < end
                    ? Error(CheckpointErrorKind.OffsetsOverlap, "Its data overlap another tensor's.", entry.Name, $"begin {end}", $"{entry.Begin}")
                    : Error(CheckpointErrorKind.OffsetsHole, "Bytes before its data belong to no tensor.", entry.Name, $"begin {end}", $"{entry.Begin}");
            }

            end = entry.End;
        }

        if (end > dataLength)
        {
            throw Error(
                CheckpointErrorKind.FileTruncated,
                "The file is shorter than its tensors: was the download cut off?",
                expected: $"{end} bytes of data",
                found: $"{dataLength}");
        }

        if (end < dataLength)
        {
            throw Error(
                CheckpointErrorKind.TrailingBytes,
                "Bytes behind the last tensor belong to none.",
                expected: $"{end} bytes of data",
                found: $"{dataLength}");
        }
    }

    private CheckpointException Error(
        CheckpointErrorKind kind,
        string problem,
        string? tensor = null,
        string? expected = null,
        string? found = null,
        Exception? inner = null) => new(kind, _file, problem, tensor is null ? null : $"tensor '{tensor}'", expected, found, inner);
}
