using System.Text.Json;

namespace InferenceServer.Benchmarks.Synthetic;

/// <summary>One safetensors file of bf16 tensors: length of the header, header, the tensors one after the other.</summary>
internal sealed class SafetensorsWriter : IDisposable
{
    private const int RowsAtOnce = 64;

    private readonly FileStream _file;

    public SafetensorsWriter(string path, IReadOnlyList<LlamaTensor> tensors)
    {
        _file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 20);
        var entries = new Dictionary<string, object>();
        var offset = 0L;
        foreach (var tensor in tensors)
        {
            var end = offset + (2L * tensor.Count);
            int[] dimensions = tensor.IsNorm ? [tensor.Columns] : [tensor.Rows, tensor.Columns];
            entries[tensor.Name] = new { dtype = "BF16", shape = dimensions, data_offsets = new[] { offset, end } };
            offset = end;
        }

        var json = JsonSerializer.SerializeToUtf8Bytes(entries);
        _file.Write(BitConverter.GetBytes((ulong)json.Length));
        _file.Write(json);
    }

    /// <summary>Where the next tensor's bytes go, in the order of the header.</summary>
    public Stream Stream => _file;

    /// <summary>Random weights, as <see cref="NormalBlock"/> has them; norms are ones.</summary>
    public void Write(LlamaTensor tensor, int seed)
    {
        if (tensor.IsNorm)
        {
            for (var i = 0; i < tensor.Columns; i++) _file.Write([0x80, 0x3F]); // 1 in bf16
            return;
        }

        var view = NormalBlock.For(tensor.Columns).View(tensor.Name, tensor.Rows, tensor.Columns, seed);
        for (var row = 0; row < tensor.Rows; row += RowsAtOnce)
            _file.Write(view.Bytes((long)row * tensor.Columns, Math.Min(RowsAtOnce, tensor.Rows - row) * tensor.Columns));
    }

    public void Dispose() => _file.Dispose();
}
