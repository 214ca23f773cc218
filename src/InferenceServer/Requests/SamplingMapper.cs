using System.Globalization;
using InferenceServer.Errors;
using InferenceServer.Hosting;
using InferenceServer.Models.Thinking;

namespace InferenceServer.Requests;

/// <summary>How tokens are drawn, and what ends the answer.</summary>
public sealed class SamplingMapper(ServerSettings settings)
{
    private const double MaxTemperature = 2;
    private const double MaxBias = 100;
    private const double MaxPenalty = 2;
    private const double MaxRepetition = 10;
    private const int AllTokens = -1;

    /// <exception cref="ApiException">400: a value is out of bounds or not supported.</exception>
    public SamplingOptions Map(GenerationFields fields, SamplingDefaults defaults, int topLogprobs, int vocabularySize)
    {
        var topP = Bounds.Within("top_p", fields.TopP, 0, 1, defaults.TopP);
        if (topP == 0) throw ApiException.Invalid("top_p", "'top_p' must be more than 0; for the most likely token use temperature 0.");
        return new SamplingOptions
        {
            Temperature = (float)Bounds.Within("temperature", fields.Temperature, 0, MaxTemperature, defaults.Temperature),
            // The smallest number of tokens is one, also for a mass that rounds to none.
            TopP = Math.Max((float)topP, float.Epsilon),
            TopK = Math.Max(0, Bounds.Within("top_k", fields.TopK, AllTokens, int.MaxValue, defaults.TopK)),
            MinP = (float)Bounds.Within("min_p", fields.MinP, 0, 1, defaults.MinP),
            FrequencyPenalty = (float)Bounds.Within("frequency_penalty", fields.FrequencyPenalty, -MaxPenalty, MaxPenalty, 0),
            PresencePenalty = (float)Bounds.Within("presence_penalty", fields.PresencePenalty, -MaxPenalty, MaxPenalty, 0),
            RepetitionPenalty = Repetition(fields.RepetitionPenalty),
            Bias = Bias(fields.LogitBias, vocabularySize),
            TopLogprobs = Math.Min(topLogprobs, vocabularySize),
        };
    }

    /// <exception cref="ApiException">400: too many, too long or empty.</exception>
    public IReadOnlyList<string> Stops(StopInput? stop)
    {
        if (stop is null) return [];
        if (stop.Strings.Count > settings.MaxStopStrings)
            throw ApiException.Invalid("stop", $"'stop' may have {settings.MaxStopStrings} strings; it has {stop.Strings.Count}.");
        foreach (var text in stop.Strings)
        {
            if (text.Length == 0) throw ApiException.Invalid("stop", "A stop string may not be empty.");
            if (text.Length > settings.MaxStopLength)
                throw ApiException.Invalid("stop", $"A stop string may have {settings.MaxStopLength} characters; one has {text.Length}.");
        }

        return [.. stop.Strings.Distinct(StringComparer.Ordinal)];
    }

    /// <exception cref="ApiException">400: too many, or none of the model's tokens.</exception>
    public IReadOnlySet<int> StopTokens(IReadOnlyList<int>? ids, int vocabularySize)
    {
        const string Param = "stop_token_ids";
        if (ids is null) return new HashSet<int>();
        if (ids.Count > settings.MaxLogitBias) throw ApiException.Invalid(Param, $"'{Param}' may have {settings.MaxLogitBias} tokens; it has {ids.Count}.");
        return ids.Select((id, index) => Bounds.Within($"{Param}[{index}]", id, 0, vocabularySize - 1)).ToHashSet();
    }

    private static float Repetition(double? value)
    {
        const string Param = "repetition_penalty";
        var penalty = (float)Bounds.Within(Param, value, 0, MaxRepetition, 1);
        // Also one too small for a float: logits are divided by it.
        return float.IsNormal(penalty) ? penalty : throw ApiException.Invalid(Param, $"'{Param}' must be more than 0; 1 changes nothing.");
    }

    private Dictionary<int, float>? Bias(IReadOnlyDictionary<string, double>? bias, int vocabularySize)
    {
        const string Param = "logit_bias";
        if (bias is null || bias.Count == 0) return null;
        if (bias.Count > settings.MaxLogitBias)
            throw ApiException.Invalid(Param, $"'{Param}' may have {settings.MaxLogitBias} entries; it has {bias.Count}.");
        var result = new Dictionary<int, float>(bias.Count);
        foreach (var (key, value) in bias)
        {
            if (!int.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out var id) || id >= vocabularySize)
                throw ApiException.Invalid(Param, $"Keys of '{Param}' are token ids from 0 to {vocabularySize - 1}.");
            result[id] = (float)Bounds.Within($"{Param}.{id}", value, -MaxBias, MaxBias);
        }

        return result;
    }
}
