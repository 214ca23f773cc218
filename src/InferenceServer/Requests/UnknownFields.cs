using System.Text.Json;
using InferenceServer.Errors;
using InferenceServer.Hosting;

namespace InferenceServer.Requests;

/// <summary>
/// What happens to fields this server has no meaning for. Those that only label a request are accepted. Those that
/// would change the result are accepted with the value that changes nothing and refused otherwise. All others are refused
/// or reported in the log, by setting.
/// </summary>
public sealed partial class UnknownFields(ServerSettings settings, ILogger<UnknownFields> logger)
{
    private static readonly string[] Labels =
    [
        "user", "metadata", "store", "service_tier", "safety_identifier", "prompt_cache_key", "prompt_cache_retention",
    ];

    private static readonly Dictionary<string, Func<JsonElement, bool>> Neutral = new()
    {
        ["tools"] = IsEmpty,
        ["parallel_tool_calls"] = static _ => true,
        ["tool_choice"] = value => IsText(value, "none", "auto"),
        ["functions"] = IsEmpty,
        ["function_call"] = value => IsText(value, "none", "auto"),
        ["modalities"] = value => value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(item => IsText(item, "text")),
        ["best_of"] = value => IsNumber(value, 1),
        ["echo"] = value => value.ValueKind == JsonValueKind.False,
        ["add_generation_prompt"] = value => value.ValueKind == JsonValueKind.True,
        ["continue_final_message"] = value => value.ValueKind == JsonValueKind.False,
        ["suffix"] = value => IsText(value, ""),
        ["length_penalty"] = value => IsNumber(value, 1),
        ["verbosity"] = value => IsText(value, "medium"),
        ["use_beam_search"] = value => value.ValueKind == JsonValueKind.False,
        ["skip_special_tokens"] = value => value.ValueKind == JsonValueKind.True,
    };

    private static readonly Dictionary<string, Func<JsonElement, bool>> NeutralInMessages = new()
    {
        ["annotations"] = IsEmpty,
        ["refusal"] = value => IsText(value, ""),
    };

    private static readonly Dictionary<string, Func<JsonElement, bool>> NoneNeutral = [];

    /// <summary>The fields of a request.</summary>
    /// <exception cref="ApiException">400: a field would have been ignored.</exception>
    public void Check(Dictionary<string, JsonElement>? fields) => Check("", fields, Labels, Neutral);

    /// <summary>The fields of a chat message, which may be an answer sent back as it came.</summary>
    /// <exception cref="ApiException">400: a field would have been ignored.</exception>
    public void CheckMessage(string param, Dictionary<string, JsonElement>? fields) => Check($"{param}.", fields, [], NeutralInMessages);

    /// <summary>The fields of an object inside a request.</summary>
    /// <param name="param">Where it stands, such as tools[0].function.</param>
    /// <param name="labels">Names this kind of object may have that change nothing.</param>
    /// <exception cref="ApiException">400: a field would have been ignored.</exception>
    public void CheckInside(string param, Dictionary<string, JsonElement>? fields, params ReadOnlySpan<string> labels) => Check($"{param}.", fields, labels, NoneNeutral);

    /// <summary>The fields of an object that has others in other forms: those have no meaning in this one.</summary>
    /// <param name="used">Names of the fields this form has.</param>
    /// <param name="fields">All that a form has, null where they are absent.</param>
    /// <exception cref="ApiException">400: a field would have been ignored.</exception>
    public void CheckUnused(string param, ReadOnlySpan<string> used, params ReadOnlySpan<(string Name, object? Value)> fields)
    {
        foreach (var (name, value) in fields)
        {
            if (value is not null && !used.Contains(name)) Meet($"{param}.{name}", "does not go with this type");
        }
    }

    private void Check(string prefix, Dictionary<string, JsonElement>? fields, ReadOnlySpan<string> labels, Dictionary<string, Func<JsonElement, bool>> neutral)
    {
        foreach (var (name, value) in fields ?? [])
        {
            if (labels.Contains(name) || value.ValueKind == JsonValueKind.Null) continue;
            var param = prefix + name;
            if (neutral.TryGetValue(name, out var changesNothing))
            {
                if (changesNothing(value)) continue;
                throw ApiException.Invalid(Shorten(param), $"'{Shorten(param)}' is not supported by this server with that value.", "unsupported_parameter");
            }

            Meet(Shorten(param), "is not a field of this endpoint");
        }
    }

    private void Meet(string param, string problem)
    {
        if (settings.UnknownFields == UnknownFieldPolicy.Reject) throw ApiException.Invalid(param, $"'{param}' {problem}.", "unknown_parameter");
        Ignored(logger, param);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "A request's unknown field {Field} has no effect.")]
    private static partial void Ignored(ILogger logger, string field);

    private static string Shorten(string name) => name.Length <= 64 ? name : name[..64] + "…";

    private static bool IsEmpty(JsonElement value) => value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 0;

    private static bool IsText(JsonElement value, params string[] texts) =>
        value.ValueKind == JsonValueKind.String && Array.Exists(texts, text => value.ValueEquals(text));

    private static bool IsNumber(JsonElement value, double number) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var found) && found == number;
}
