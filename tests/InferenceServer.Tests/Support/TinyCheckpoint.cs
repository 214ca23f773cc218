using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace InferenceServer.Tests.Support;

/// <summary>
/// Writes a checkpoint folder with random weights: a Llama of four layers, a head that thinks after the second, a tokenizer
/// of single bytes. Printable ASCII is far likelier than other bytes, so that texts can be read and compared.
/// </summary>
internal sealed class TinyCheckpoint(string directory, int context)
{
    public const int Context = 512;
    public const int Layers = 4;
    public const int ThinkingLayer = 2;
    public const int ThoughtLength = 3;
    public const int VocabularySize = 264;

    internal const int Hidden = 32;
    private const int Heads = 4;
    private const int KvHeads = 2;
    private const int Intermediate = 64;
    private const float Spread = 0.12f;
    private const float HeadSpread = 0.5f;

    private const string ChatTemplate =
        "{{ bos_token }}{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}";

    private const string TagTemplate =
        "{{ bos_token }}{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{% endfor %}<|assistant|>"
        + "{% if enable_thinking is defined and enable_thinking is false %}<think>\n\n</think>\n\n{% else %}<think>\n{% endif %}";

    private const string ToolTemplate =
        "{{ bos_token }}{% if tools %}<|system|>{{ tools | tojson }}{% endif %}{% for m in messages %}<|{{ m.role }}|>"
        + "{{ m.content }}{% for c in m.tool_calls or [] %}\n<tool_call>\n{\"name\": \"{{ c.function.name }}\", \"arguments\": {{ c.function.arguments | tojson }}}\n</tool_call>{% endfor %}"
        + "{% if m.role == 'assistant' %}<|eos|>{% endif %}{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}";

    /// <summary>The token that begins a call, where it is one.</summary>
    public const int MarkerId = 262;

    private const string Marker = "<tool_call>";

    private static readonly string[] Special = ["<|bos|>", "<|eos|>", "<|thought_end|>", "<|system|>", "<|user|>", "<|assistant|>"];

    private readonly SortedDictionary<string, (int[] Shape, float[] Data)> _tensors = new(StringComparer.Ordinal);
    private readonly Random _random = new(7);

    /// <param name="method">
    /// tas, quiet_star, plain, or a plain one whose chat template knows more: think tags and a switch (tags), tools (tools). With
    /// tas-tools and quiet_star-tools one that thinks knows tools, and the marker of calls is a token of its own.
    /// </param>
    /// <param name="bare">Without a chat template, and greedy by its own wish.</param>
    /// <param name="context">Positions; the larger, the longer a generation can be watched.</param>
    public static string Write(string directory, string method, bool bare = false, int context = Context)
    {
        Directory.CreateDirectory(directory);
        new TinyCheckpoint(directory, context).WriteAll(method, bare);
        return directory;
    }

    private static int Id(string special) => 256 + Array.IndexOf(Special, special);

    private void WriteAll(string method, bool bare)
    {
        AddTensors(method.StartsWith("tas", StringComparison.Ordinal));
        if (method.StartsWith("quiet_star", StringComparison.Ordinal)) AddQuietStar();
        File.WriteAllBytes(Path.Combine(directory, "model.safetensors"), Safetensors(_tensors));
        File.WriteAllText(Path.Combine(directory, "config.json"), Config(method).ToJsonString());
        File.WriteAllText(Path.Combine(directory, "tokenizer.json"), Tokenizer(method.EndsWith("-tools", StringComparison.Ordinal) ? [.. Special, Marker] : Special).ToJsonString());
        var settings = new JsonObject { ["bos_token"] = "<|bos|>", ["eos_token"] = "<|eos|>" };
        if (!bare) settings["chat_template"] = method == "tags" ? TagTemplate : method.EndsWith("tools", StringComparison.Ordinal) ? ToolTemplate : ChatTemplate;
        File.WriteAllText(Path.Combine(directory, "tokenizer_config.json"), settings.ToJsonString());
        if (bare) File.WriteAllText(Path.Combine(directory, "generation_config.json"), new JsonObject { ["do_sample"] = false }.ToJsonString());
    }

    private JsonObject Config(string method)
    {
        var config = new JsonObject
        {
            ["architectures"] = new JsonArray("LlamaForCausalLM"),
            ["model_type"] = "llama",
            ["hidden_size"] = Hidden,
            ["intermediate_size"] = Intermediate,
            ["num_hidden_layers"] = Layers,
            ["num_attention_heads"] = Heads,
            ["num_key_value_heads"] = KvHeads,
            ["vocab_size"] = VocabularySize,
            ["max_position_embeddings"] = context,
            ["rms_norm_eps"] = 1e-5,
            ["rope_theta"] = 10000.0,
            ["hidden_act"] = "silu",
            ["tie_word_embeddings"] = false,
            ["torch_dtype"] = "float32",
            ["bos_token_id"] = Id("<|bos|>"),
            ["eos_token_id"] = Id("<|eos|>"),
        };
        if (method.StartsWith("tas", StringComparison.Ordinal))
        {
            config["thinking"] = new JsonObject
            {
                ["method"] = "tas",
                ["thinking_layer"] = ThinkingLayer,
                ["think_norm"] = "own",
                ["thought_end_token_id"] = Id("<|thought_end|>"),
                ["max_thought_tokens"] = 12,
            };
        }

        if (method.StartsWith("quiet_star", StringComparison.Ordinal)) config["thinking"] = new JsonObject { ["method"] = "quiet_star", ["sampled_thought_tokens"] = ThoughtLength, ["embedding_scale"] = 1 };
        return config;
    }

    private static JsonObject Tokenizer(string[] specials)
    {
        var vocabulary = new JsonObject();
        for (var value = 0; value < 256; value++) vocabulary[ByteName(value).ToString()] = value;
        var added = new JsonArray();
        foreach (var special in specials)
        {
            added.Add(new JsonObject
            {
                ["id"] = 256 + Array.IndexOf(specials, special),
                ["content"] = special,
                ["single_word"] = false,
                ["lstrip"] = false,
                ["rstrip"] = false,
                ["normalized"] = false,
                ["special"] = true,
            });
        }

        return new JsonObject
        {
            ["version"] = "1.0",
            ["truncation"] = null,
            ["padding"] = null,
            ["added_tokens"] = added,
            ["normalizer"] = null,
            ["pre_tokenizer"] = new JsonObject { ["type"] = "ByteLevel", ["add_prefix_space"] = false, ["trim_offsets"] = true, ["use_regex"] = true },
            ["post_processor"] = null,
            ["decoder"] = new JsonObject { ["type"] = "ByteLevel", ["add_prefix_space"] = true, ["trim_offsets"] = true, ["use_regex"] = true },
            ["model"] = new JsonObject { ["type"] = "BPE", ["vocab"] = vocabulary, ["merges"] = new JsonArray() },
        };
    }

    // GPT-2's names of bytes: printable ones stand for themselves, the others follow after 255 in order.
    private static char ByteName(int value)
    {
        static bool Printable(int b) => b is (>= 33 and <= 126) or (>= 161 and <= 172) or (>= 174 and <= 255);
        return Printable(value) ? (char)value : (char)(256 + Enumerable.Range(0, value).Count(other => !Printable(other)));
    }

    private void AddTensors(bool thinks)
    {
        Add("model.embed_tokens.weight", Spread * 8, VocabularySize, Hidden);
        for (var layer = 0; layer < Layers; layer++)
        {
            var prefix = $"model.layers.{layer}.";
            AddOnes(prefix + "input_layernorm.weight");
            AddOnes(prefix + "post_attention_layernorm.weight");
            Add(prefix + "self_attn.q_proj.weight", Spread * 3, Hidden, Hidden);
            Add(prefix + "self_attn.k_proj.weight", Spread * 3, KvHeads * Hidden / Heads, Hidden);
            Add(prefix + "self_attn.v_proj.weight", Spread * 3, KvHeads * Hidden / Heads, Hidden);
            Add(prefix + "self_attn.o_proj.weight", Spread * 3, Hidden, Hidden);
            Add(prefix + "mlp.gate_proj.weight", Spread * 3, Intermediate, Hidden);
            Add(prefix + "mlp.up_proj.weight", Spread * 3, Intermediate, Hidden);
            Add(prefix + "mlp.down_proj.weight", Spread * 3, Hidden, Intermediate);
        }

        AddOnes("model.norm.weight");
        AddHead("lm_head.weight");
        if (!thinks) return;
        AddOnes("thinking_norm.weight");
        AddHead("thinking_head.weight");
    }

    private void AddQuietStar()
    {
        Add("start_embedding", 1, 2, Hidden);
        Add("end_embedding", 1, 2, Hidden);
        Add("talk_head.0.0.weight", Spread, Hidden, 2 * Hidden);
        Add("talk_head.0.0.bias", Spread, Hidden);
        Add("talk_head.0.2.weight", Spread, Hidden, Hidden);
        Add("talk_head.0.2.bias", Spread, Hidden);
        Add("talk_head.0.4.weight", Spread, 1, Hidden);
    }

    private void Add(string name, float spread, params int[] shape)
    {
        var data = new float[shape.Aggregate((a, b) => a * b)];
        for (var i = 0; i < data.Length; i++) data[i] = spread * Normal();
        _tensors[name] = (shape, data);
    }

    private void AddOnes(string name) => _tensors[name] = ([Hidden], [.. Enumerable.Repeat(1f, Hidden)]);

    private void AddHead(string name)
    {
        Add(name, HeadSpread, VocabularySize, Hidden);
        var data = _tensors[name].Data;
        for (var id = 0; id < VocabularySize; id++)
        {
            if (id is < 32 or > 126) data.AsSpan(id * Hidden, Hidden).Clear();
        }
    }

    private float Normal() => (float)(Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble()));

    /// <summary>A file of f32 tensors.</summary>
    internal static byte[] Safetensors(SortedDictionary<string, (int[] Shape, float[] Data)> tensors)
    {
        var header = new JsonObject();
        var offset = 0;
        foreach (var (name, (shape, data)) in tensors)
        {
            var end = offset + (data.Length * sizeof(float));
            header[name] = new JsonObject
            {
                ["dtype"] = "F32",
                ["shape"] = new JsonArray([.. shape.Select(size => (JsonNode)size)]),
                ["data_offsets"] = new JsonArray(offset, end),
            };
            offset = end;
        }

        var json = JsonSerializer.SerializeToUtf8Bytes(header);
        var file = new byte[8 + json.Length + offset];
        BinaryPrimitives.WriteInt64LittleEndian(file, json.Length);
        json.CopyTo(file, 8);
        var at = 8 + json.Length;
        foreach (var (_, data) in tensors.Values)
        {
            MemoryMarshal.AsBytes(data.AsSpan()).CopyTo(file.AsSpan(at));
            at += data.Length * sizeof(float);
        }

        return file;
    }
}
