using System.Text;
using InferenceServer.Benchmarks.Synthetic;

namespace InferenceServer.Benchmarks.VsLlama;

/// <summary>
/// A Llama as one GGUF file, version 3 (docs/gguf.md of the ggml repository): metadata, tensor table, tensors at
/// multiples of 32 bytes. Norms are f32, all matrices of one type.
/// </summary>
internal sealed class GgufWriter : IDisposable
{
    private const int Alignment = 32;
    private readonly FileStream _file;
    private readonly BinaryWriter _out;
    private readonly GgufType _type;
    private uint _pairs;

    public GgufWriter(string path, GgufType type, LlamaShape shape)
    {
        _type = type;
        _file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 20);
        _out = new BinaryWriter(_file);
        var metadata = Metadata(shape);
        var tensors = shape.Tensors().ToList();
        _out.Write("GGUF"u8);
        _out.Write(3u);
        _out.Write((ulong)tensors.Count);
        _out.Write((ulong)_pairs);
        _out.Write(metadata);
        var offset = 0L;
        foreach (var tensor in tensors)
        {
            Text(_out, tensor.GgufName);
            _out.Write(tensor.IsNorm ? 1u : 2u);
            _out.Write((ulong)tensor.Columns);
            if (!tensor.IsNorm) _out.Write((ulong)tensor.Rows);
            _out.Write((uint)TypeOf(tensor));
            _out.Write((ulong)offset);
            offset += (GgufBlocks.Bytes(TypeOf(tensor), tensor.Count) + Alignment - 1) / Alignment * Alignment;
        }

        Pad();
    }

    /// <param name="values">In the order of the Hugging Face layout, exact in bf16.</param>
    public void Write(LlamaTensor tensor, ReadOnlySpan<float> values)
    {
        for (var row = 0; row < tensor.Rows; row++)
            GgufBlocks.Write(_file, TypeOf(tensor), values.Slice(tensor.SourceRow(row) * tensor.Columns, tensor.Columns));
        Pad();
    }

    public void Dispose() => _out.Dispose();

    private GgufType TypeOf(LlamaTensor tensor) => tensor.IsNorm ? GgufType.F32 : _type;

    private void Pad()
    {
        while (_file.Position % Alignment != 0) _file.WriteByte(0);
    }

    private byte[] Metadata(LlamaShape shape)
    {
        using var bytes = new MemoryStream();
        using var to = new BinaryWriter(bytes);
        Pair(to, "general.architecture", "llama");
        Pair(to, "general.name", $"random {shape.Name}");
        Pair(to, "general.quantization_version", 2);
        Pair(to, "general.file_type", _type switch { GgufType.F32 => 0, GgufType.Q4 => 2, GgufType.Q8 => 7, _ => 32 }); // enum llama_ftype
        Pair(to, "llama.block_count", shape.Layers);
        Pair(to, "llama.context_length", LlamaShape.Positions);
        Pair(to, "llama.embedding_length", shape.Hidden);
        Pair(to, "llama.feed_forward_length", shape.Mlp);
        Pair(to, "llama.attention.head_count", shape.Heads);
        Pair(to, "llama.attention.head_count_kv", shape.KvHeads);
        Pair(to, "llama.rope.dimension_count", shape.HeadDim);
        Pair(to, "llama.vocab_size", shape.Vocabulary);
        Pair(to, "llama.attention.layer_norm_rms_epsilon", LlamaShape.NormEpsilon);
        Pair(to, "llama.rope.freq_base", LlamaShape.RopeTheta);
        Pair(to, "tokenizer.ggml.model", "llama");
        var tokens = SyntheticTokens.List(shape.Vocabulary);
        Array(to, "tokenizer.ggml.tokens", 8, tokens, token => Text(to, token.Text));
        Array(to, "tokenizer.ggml.scores", 6, tokens, token => to.Write(-(float)token.Id));
        Array(to, "tokenizer.ggml.token_type", 5, tokens, token => to.Write((int)token.Kind));
        Pair(to, "tokenizer.ggml.unknown_token_id", SyntheticTokens.Unknown);
        Pair(to, "tokenizer.ggml.bos_token_id", SyntheticTokens.Begin);
        Pair(to, "tokenizer.ggml.eos_token_id", SyntheticTokens.End);
        to.Flush();
        return bytes.ToArray();
    }

    // Value types: 4 = u32, 5 = i32, 6 = f32, 8 = string, 9 = array.
    private void Key(BinaryWriter to, string key, uint type)
    {
        Text(to, key);
        to.Write(type);
        _pairs++;
    }

    private void Pair(BinaryWriter to, string key, string value)
    {
        Key(to, key, 8);
        Text(to, value);
    }

    private void Pair(BinaryWriter to, string key, int value)
    {
        Key(to, key, 4);
        to.Write(checked((uint)value));
    }

    private void Pair(BinaryWriter to, string key, float value)
    {
        Key(to, key, 6);
        to.Write(value);
    }

    private void Array<T>(BinaryWriter to, string key, uint type, IReadOnlyList<T> items, Action<T> write)
    {
        Key(to, key, 9);
        to.Write(type);
        to.Write((ulong)items.Count);
        foreach (var item in items) write(item);
    }

    private static void Text(BinaryWriter to, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        to.Write((ulong)bytes.Length);
        to.Write(bytes);
    }
}
