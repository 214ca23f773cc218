using System.Buffers.Binary;
using System.Text;

namespace InferenceServer.Tests.Tracing;

/// <summary>A span as a collector gets it.</summary>
internal sealed record Span(string Trace, string Id, string Parent, string Name, IReadOnlyDictionary<string, object> Attributes);

/// <summary>
/// Reads as much of OTLP's protobuf as it takes to see spans (opentelemetry/proto/trace/v1/trace.proto): field numbers are
/// those of ExportTraceServiceRequest, ResourceSpans, ScopeSpans, Span, KeyValue and AnyValue.
/// </summary>
internal static class SpanReader
{
    public static IEnumerable<Span> Read(byte[] export) =>
        from resource in Messages(export, 1)
        from scope in Messages(resource, 2)
        from span in Messages(scope, 2)
        select Span(span);

    private static Span Span(byte[] bytes)
    {
        var fields = Fields(bytes).ToLookup(field => field.Number, field => field.Value);
        return new Span(Hex(fields[1]), Hex(fields[2]), Hex(fields[4]), Text(fields[5].Single()), Attributes(fields[9]));
    }

    private static Dictionary<string, object> Attributes(IEnumerable<object> pairs) => pairs
        .Select(pair => Fields((byte[])pair).ToDictionary(field => field.Number, field => field.Value))
        .ToDictionary(pair => Text(pair[1]), pair => Value((byte[])pair[2]));

    private static object Value(byte[] any)
    {
        var (number, value) = Fields(any).Single();
        return number switch
        {
            1 => Text(value),
            2 => (ulong)value != 0,
            3 => (long)(ulong)value,
            4 => BitConverter.UInt64BitsToDouble((ulong)value),
            5 => Messages((byte[])value, 1).Select(Value).ToArray(),
            _ => throw new InvalidDataException($"AnyValue {number}"),
        };
    }

    private static IEnumerable<byte[]> Messages(byte[] bytes, int number) => Fields(bytes).Where(field => field.Number == number).Select(field => (byte[])field.Value);

    private static string Text(object value) => Encoding.UTF8.GetString((byte[])value);

    private static string Hex(IEnumerable<object> value) => Convert.ToHexStringLower((byte[]?)value.SingleOrDefault() ?? []);

    private static List<(int Number, object Value)> Fields(byte[] bytes)
    {
        var fields = new List<(int, object)>();
        for (var at = 0; at < bytes.Length;)
        {
            var tag = Varint(bytes, ref at);
            object value = (tag & 7) switch
            {
                0 => Varint(bytes, ref at),
                1 => BinaryPrimitives.ReadUInt64LittleEndian(Take(bytes, ref at, 8)),
                2 => Take(bytes, ref at, (int)Varint(bytes, ref at)),
                5 => (ulong)BinaryPrimitives.ReadUInt32LittleEndian(Take(bytes, ref at, 4)),
                _ => throw new InvalidDataException($"Wire type {tag & 7}"),
            };
            fields.Add(((int)(tag >> 3), value));
        }

        return fields;
    }

    private static byte[] Take(byte[] bytes, ref int at, int count)
    {
        at += count;
        return bytes[(at - count)..at];
    }

    private static ulong Varint(byte[] bytes, ref int at)
    {
        var value = 0ul;
        for (var shift = 0; ; shift += 7)
        {
            var next = bytes[at++];
            value |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80) return value;
        }
    }
}
