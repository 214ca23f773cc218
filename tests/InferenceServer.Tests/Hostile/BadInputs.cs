using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using InferenceServer.Tests.Support;
using static InferenceServer.Tests.Support.Bodies;

namespace InferenceServer.Tests.Hostile;

/// <summary>A request nobody should send.</summary>
/// <param name="Status">What it is answered with; 400 unless said otherwise.</param>
internal sealed record BadInput(string Name, byte[] Body, int Status = 400, string Path = Chats, string? ContentType = "application/json", string? Encoding = null);

/// <summary>Bodies that must each get a clean 4xx: JSON, fields, messages. Each holds <see cref="Secret"/> where it can, which no log may have.</summary>
internal static class BadInputs
{
    public const string Secret = "Rosebud-was-a-sled";

    public static IReadOnlyDictionary<string, BadInput> All { get; } = Json().Concat(Fields()).Concat(Messages()).Concat(Prompts()).ToDictionary(input => input.Name);

    private static IEnumerable<BadInput> Json()
    {
        var good = Chat(Secret).ToJsonString();
        yield return Text("empty body", "");
        yield return Text("null", "null");
        yield return Text("array", $"[{good}]");
        yield return Text("string", $"\"{Secret}\"");
        yield return Text("number", "7");
        yield return Text("truncated", good[..^1]);
        yield return Text("truncated in a string", good[..good.IndexOf("sled", StringComparison.Ordinal)]);
        yield return Text("two objects", good + good);
        yield return Text("comment", good.Insert(1, $"/* {Secret} */"));
        yield return Text("trailing comma", good[..^1] + ",}");
        yield return Text("single quotes", good.Replace('"', '\''));
        yield return Text("duplicate key", good.Insert(1, "\"model\":\"plain\","));
        yield return Text("duplicate key in a message", good.Replace("{\"role\"", "{\"role\":\"system\",\"role\"", StringComparison.Ordinal));
        yield return Text("duplicate key by escape", good.Insert(1, "\"mod\\u0065l\":\"plain\","));
        yield return Text("nested 100000 deep", good[..^1] + ",\"x\":" + new string('[', 100_000) + new string(']', 100_000) + "}");
        yield return Text("nested 100000 deep in messages", "{\"model\":\"tiny\",\"messages\":" + new string('[', 100_000));
        yield return Text("objects 10000 deep", string.Concat(Enumerable.Repeat("{\"a\":", 10_000)));
        yield return Text("byte order mark", "\uFEFF" + good);
        yield return new("utf-16", Encoding.Unicode.GetBytes(good));
        yield return new("utf-16 with its mark", [0xff, 0xfe, .. Encoding.Unicode.GetBytes(good)]);
        yield return new("utf-16 as declared", Encoding.Unicode.GetBytes(good), 415, ContentType: "application/json; charset=utf-16");
        yield return new("bytes that are no utf-8", [.. Encoding.UTF8.GetBytes(good[..^20]), 0xc3, 0x28, 0xff, .. Encoding.UTF8.GetBytes(good[^20..])]);
        yield return new("zeros", new byte[1000]);
        yield return new("wrong content type", Encoding.UTF8.GetBytes(good), 415, ContentType: "text/plain");
        yield return new("form", Encoding.UTF8.GetBytes("model=tiny"), 415, ContentType: "application/x-www-form-urlencoded");
        yield return new("no content type", Encoding.UTF8.GetBytes(good), 415, ContentType: null);
        yield return new("gzip bomb", Bomb(), 415, Encoding: "gzip");
        yield return new("brotli as declared", Encoding.UTF8.GetBytes(good), 415, Encoding: "br");
        yield return new("gzip not declared", Bomb());
        yield return new("larger than the limit", Encoding.UTF8.GetBytes(Chat(new string('a', 5 << 20)).ToJsonString()), 413);
    }

    private static IEnumerable<BadInput> Fields()
    {
        foreach (var (field, values) in new (string, string[])[]
        {
            ("n", ["0", "-1", "1000000000", "1e400", "1.0", "\"1\"", "9223372036854775808", "true", "[1]"]),
            ("max_tokens", ["0", "-1", "2147483648", "-0", "1.5", "\"many\"", "NaN", "Infinity"]),
            ("temperature", ["-1", "1e9", "NaN", "1e400", "\"hot\"", "2.0000001"]),
            ("top_p", ["0", "1.0001", "-0.1", "\"x\""]),
            ("top_k", ["-2", "1.5", "2147483648"]),
            ("min_p", ["2", "-0.1"]),
            ("seed", ["9223372036854775808", "1.5", "\"x\"", "1e400"]),
            ("logit_bias", ["{\"abc\":1}", "{\"99999\":1}", "{\"-1\":1}", "{\"1\":1000000000}", "{\"1\":null}", "[1]", "7", Biases(1_000_000 / 10)]),
            ("stop", ["[]7", "{}", "7", "[7]", "\"\"", "[\"\"]", $"[{string.Join(',', Enumerable.Range(0, 10_000).Select(i => $"\"{Secret}{i}\""))}]", $"\"{new string('s', 100_000)}\""]),
            ("top_logprobs", ["-1", "1000000", "1.5"]),
            ("thinking_token_budget", ["-1", "1.5", "\"x\"", "2147483648"]),
            ("reasoning_effort", [$"\"{Secret}\"", "7", "\"\""]),
            ("stream_options", ["{\"include_usage\":true}", "7"]),
            ("stream", ["\"true\"", "1"]),
            ("model", ["\"none\"", "\"../../etc/passwd\"", "\"\"", "\"tiny/../plain\"", "7", "null", $"\"{new string('m', 1 << 20)}\"", "\"\\u0000\""]),
            ("cache_salt", [$"\"{new string('s', 257)}\"", "7"]),
            ("thought", ["7", "[]"]),
            ("include_reasoning", ["\"no\"", "1"]),
            (Secret, ["1"]),
        })
        {
            foreach (var value in values)
            {
                var isModel = field == "model" && value.StartsWith('"');
                var name = $"{field} = {(value.Length < 60 ? value : $"{value[..40]}… ({value.Length})")}";
                yield return new BadInput(name, Encoding.UTF8.GetBytes(With(field, value)), isModel ? 404 : 400);
            }
        }

        yield return Text("both bounds in conflict", Chat(Secret).With("max_completion_tokens", 25).ToJsonString());
        yield return Text("budget and effort in conflict", Chat(Secret).With("thinking_token_budget", 5).With("reasoning_effort", "none").ToJsonString());
        yield return Text("a budget for a model without thoughts", Chat(Secret, "plain").With("thinking_token_budget", 5).ToJsonString());
    }

    private static IEnumerable<BadInput> Messages()
    {
        foreach (var (name, messages) in new (string, string)[]
        {
            ("no messages", "[]"), ("messages of another kind", "{}"), ("null message", "[null]"), ("message without role", $"[{{\"content\":\"{Secret}\"}}]"),
            ("unknown role", $"[{{\"role\":\"{Secret}\",\"content\":\"a\"}}]"), ("role of another type", "[{\"role\":1,\"content\":\"a\"}]"),
            ("no content", "[{\"role\":\"user\"}]"), ("unknown part", $"[{{\"role\":\"user\",\"content\":[{{\"type\":\"{Secret}\"}}]}}]"),
            ("part without text", "[{\"role\":\"user\",\"content\":[{\"type\":\"text\"}]}]"), ("image", "[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":\"file:///etc/passwd\"}}]}]"),
            ("lone surrogate", "[{\"role\":\"user\",\"content\":\"\\ud800\"}]"), ("surrogates the wrong way round", "[{\"role\":\"user\",\"content\":\"\\udc00\\ud800\"}]"),
            ("1025 messages", $"[{string.Join(',', Enumerable.Repeat($"{{\"role\":\"user\",\"content\":\"{Secret}\"}}", 1025))}]"),
            ("longer than the context", $"[{{\"role\":\"user\",\"content\":\"{string.Concat(Enumerable.Repeat(Secret, 100))}\"}}]"),
            ("three megabytes of one letter", $"[{{\"role\":\"user\",\"content\":\"{new string('a', 3 << 20)}\"}}]"),
        })
        {
            yield return new BadInput(name, Encoding.UTF8.GetBytes(With("messages", messages)));
        }

        // A conversation without a user may be dressed by a template that allows it, but not where the user's words are all there is.
        yield return Text("only system, without a template", new JsonObject
        {
            ["model"] = "bare",
            ["messages"] = new JsonArray(new JsonObject { ["role"] = "system", ["content"] = Secret }),
        }.ToJsonString());
    }

    private static IEnumerable<BadInput> Prompts()
    {
        foreach (var (name, prompt) in new (string, string)[]
        {
            ("empty prompt", "\"\""), ("no prompts", "[]"), ("empty ids", "[[]]"), ("id above the vocabulary", "[264]"), ("negative id", "[-1]"), ("id beyond 32 bits", "[4294967296]"),
            ("fraction", "[1.5]"), ("mixed", $"[1,\"{Secret}\"]"), ("nested three deep", "[[[1]]]"), ("17 prompts", $"[{string.Join(',', Enumerable.Repeat($"\"{Secret}\"", 17))}]"),
            ("100000 prompts", $"[{string.Join(',', Enumerable.Repeat("\"a\"", 100_000))}]"), ("a prompt beyond the context", $"\"{new string('b', 2000)}\""),
        })
        {
            yield return new BadInput(name, Encoding.UTF8.GetBytes($"{{\"model\":\"tiny\",\"prompt\":{prompt}}}"), Path: Completions);
        }

        yield return new BadInput("prompts times n", Encoding.UTF8.GetBytes("{\"model\":\"tiny\",\"prompt\":[\"a\",\"b\",\"c\"],\"n\":6}"), Path: Completions);
        yield return new BadInput("tokens out of range", Encoding.UTF8.GetBytes("{\"model\":\"tiny\",\"tokens\":[9999]}"), Path: "/detokenize");
        yield return new BadInput("tokenize without a text", Encoding.UTF8.GetBytes("{\"model\":\"tiny\"}"), Path: "/tokenize");
        yield return new BadInput("a command to nothing", Encoding.UTF8.GetBytes($"{{\"thought\":\"{Secret}\"}}"), 404, "/v1/generations/gen-0/thought");
        yield return new BadInput("unknown path", Encoding.UTF8.GetBytes($"{{\"thought\":\"{Secret}\"}}"), 404, $"/v1/{Secret}");
        yield return new BadInput("path that climbs", "{}"u8.ToArray(), 404, "/v1/models/../../../etc/passwd");
    }

    private static BadInput Text(string name, string body) => new(name, Encoding.UTF8.GetBytes(body));

    private static string With(string field, string value)
    {
        const string Placeholder = "here";
        return Chat(Secret).With(field, Placeholder).ToJsonString().Replace($"\"{Placeholder}\"", value, StringComparison.Ordinal);
    }

    private static string Biases(int count) => $"{{{string.Join(',', Enumerable.Range(0, count).Select(i => $"\"{i}\":1"))}}}";

    private static byte[] Bomb()
    {
        using var bomb = new MemoryStream();
        using (var gzip = new GZipStream(bomb, CompressionLevel.Optimal)) gzip.Write(new byte[64 << 20]);
        return bomb.ToArray();
    }
}
