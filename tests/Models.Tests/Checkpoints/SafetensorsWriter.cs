using System.Buffers.Binary;
using System.Text;
using System.Text.Json;

namespace InferenceServer.Models.Tests.Checkpoints;

/// <summary>Writes safetensors bytes: well-formed ones from tensors, and any others from a header as text.</summary>
internal static class SafetensorsWriter
{
    /// <summary>A file of f32 tensors, in the order given.</summary>
    public static byte[] Write(params IEnumerable<(string Name, int[] Shape, float[] Values)> tensors) =>
        Write(tensors.Select(tensor => (tensor.Name, "F32", tensor.Shape, Bytes(tensor.Values))));

    /// <summary>A file of tensors of any type, in the order given.</summary>
    public static byte[] Write(IEnumerable<(string Name, string DType, int[] Shape, byte[] Data)> tensors)
    {
        var header = new Dictionary<string, object>();
        var data = new List<byte>();
        foreach (var (name, dtype, shape, bytes) in tensors)
        {
            header[name] = new { dtype, shape, data_offsets = new[] { data.Count, data.Count + bytes.Length } };
            data.AddRange(bytes);
        }

        return Raw(JsonSerializer.Serialize(header), [.. data]);
    }

    /// <summary>A file with exactly this header and data.</summary>
    public static byte[] Raw(string header, byte[] data) => Raw(Encoding.UTF8.GetBytes(header), data);

    public static byte[] Raw(byte[] header, byte[] data) => Raw((ulong)header.Length, header, data);

    /// <summary>A file that claims any header length.</summary>
    public static byte[] Raw(ulong headerLength, byte[] header, byte[] data)
    {
        var prefix = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(prefix, headerLength);
        return [.. prefix, .. header, .. data];
    }

    public static byte[] Bytes(float[] values)
    {
        var bytes = new byte[4 * values.Length];
        Buffer.BlockCopy(values, 0, bytes, 0, bytes.Length);
        return bytes;
    }
}
