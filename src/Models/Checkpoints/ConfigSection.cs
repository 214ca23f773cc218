using System.Text.Json;

namespace InferenceServer.Models.Checkpoints;

/// <summary>
/// A JSON object of a configuration file, read key by key. A key whose value is null counts as absent. Every error
/// names the file, the whole key, what was expected and what was found.
/// </summary>
public sealed class ConfigSection
{
    private const long MaxFileLength = 64 * 1024 * 1024;

    private readonly string _file;
    private readonly string _prefix;
    private readonly JsonElement _object;

    private ConfigSection(string file, string prefix, JsonElement element)
    {
        _file = file;
        _prefix = prefix;
        _object = element;
    }

    /// <summary>The file the section stands in.</summary>
    public string File => _file;

    public IEnumerable<string> Keys => _object.EnumerateObject().Select(property => property.Name);

    /// <summary>The JSON object, for readers of formats of their own.</summary>
    public JsonElement Json => _object;

    /// <summary>Reads a JSON file of the folder; duplicate keys are refused.</summary>
    /// <exception cref="CheckpointException">It is missing, or not a JSON object.</exception>
    public static ConfigSection Load(CheckpointFolder folder, string name)
    {
        var file = folder.Describe(name);
        var path = folder.Find(name)
            ?? throw new CheckpointException(CheckpointErrorKind.ConfigMissing, file, "The checkpoint has no such file.");
        try
        {
            if (new FileInfo(path).Length > MaxFileLength)
                throw new CheckpointException(CheckpointErrorKind.ConfigInvalid, file, $"The file is larger than {MaxFileLength} bytes.");
            return Parse(file, System.IO.File.ReadAllBytes(path));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException(
                CheckpointErrorKind.Unreadable, file, $"The file cannot be read: {exception.Message}", innerException: exception);
        }
    }

    /// <param name="file">Name for messages.</param>
    public static ConfigSection Parse(string file, ReadOnlyMemory<byte> json)
    {
        if (json.Span.StartsWith("\uFEFF"u8)) json = json[3..];
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { AllowDuplicateProperties = false });
            if (document.RootElement.ValueKind == JsonValueKind.Object)
                return new ConfigSection(file, string.Empty, document.RootElement.Clone());
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new CheckpointException(
                CheckpointErrorKind.ConfigInvalid, file, $"The file is not valid JSON: {exception.Message}", innerException: exception);
        }

        throw new CheckpointException(CheckpointErrorKind.ConfigInvalid, file, "The file must hold a JSON object.");
    }

    public bool Has(string key) => FindElement(key) is not null;

    public int RequireInteger(string key, int min, int max) => FindInteger(key, min, max) ?? throw Missing(key, $"an integer from {min} to {max}");

    public int? FindInteger(string key, int min, int max)
    {
        if (FindElement(key) is not { } element) return null;
        return element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out var value) && value >= min && value <= max
            ? value
            : throw Invalid(key, $"an integer from {min} to {max}");
    }

    public double RequireNumber(string key, double min, double max) =>
        FindNumber(key, min, max) ?? throw Missing(key, $"a number from {min} to {max}");

    public double? FindNumber(string key, double min, double max)
    {
        if (FindElement(key) is not { } element) return null;
        return element.ValueKind == JsonValueKind.Number && element.TryGetDouble(out var value) && value >= min && value <= max
            ? value
            : throw Invalid(key, $"a number from {min} to {max}");
    }

    public bool? FindFlag(string key) => FindElement(key) is not { } element
        ? null
        : element.ValueKind is JsonValueKind.True or JsonValueKind.False ? element.GetBoolean() : throw Invalid(key, "true or false");

    public string RequireText(string key) => FindText(key) ?? throw Missing(key, "a string");

    public string? FindText(string key) => FindElement(key) is not { } element ? null : Decode(key, element);

    /// <summary>An array of strings.</summary>
    public IReadOnlyList<string>? FindTexts(string key, int maxCount)
    {
        if (FindElement(key) is not { } element) return null;
        if (element.ValueKind != JsonValueKind.Array || element.GetArrayLength() > maxCount)
            throw Invalid(key, $"an array of at most {maxCount} strings");
        return [.. element.EnumerateArray().Select(item => Decode(key, item))];
    }

    /// <summary>An integer, or an array of integers.</summary>
    public IReadOnlyList<int>? FindIntegers(string key, int min, int max, int maxCount)
    {
        if (FindElement(key) is not { } element) return null;
        var expected = $"an integer from {min} to {max}, or an array of at most {maxCount} of them";
        if (element.ValueKind == JsonValueKind.Number) return [Item(element)];
        if (element.ValueKind != JsonValueKind.Array || element.GetArrayLength() > maxCount) throw Invalid(key, expected);
        return [.. element.EnumerateArray().Select(Item)];

        int Item(JsonElement item) =>
            item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out var value) && value >= min && value <= max
                ? value
                : throw Invalid(key, expected);
    }

    /// <summary>An array of numbers.</summary>
    public IReadOnlyList<double>? FindNumbers(string key, double min, double max, int maxCount)
    {
        if (FindElement(key) is not { } element) return null;
        var expected = $"an array of at most {maxCount} numbers from {min} to {max}";
        if (element.ValueKind != JsonValueKind.Array || element.GetArrayLength() > maxCount) throw Invalid(key, expected);
        return [.. element.EnumerateArray().Select(item =>
            item.ValueKind == JsonValueKind.Number && item.TryGetDouble(out var value) && value >= min && value <= max
                ? value
                : throw Invalid(key, expected))];
    }

    public ConfigSection? FindSection(string key) => FindElement(key) is not { } element
        ? null
        : element.ValueKind == JsonValueKind.Object ? new ConfigSection(_file, $"{_prefix}{key}.", element) : throw Invalid(key, "an object");

    /// <summary>An error about a value of this section.</summary>
    public CheckpointException Invalid(string key, string expected, CheckpointErrorKind kind = CheckpointErrorKind.ConfigInvalid) => new(
        kind, _file, "The value is not supported.", Subject(key), expected, FindElement(key) is { } element ? Short(element.GetRawText()) : "nothing");

    /// <summary>An error about a key that is absent.</summary>
    public CheckpointException Missing(string key, string expected, CheckpointErrorKind kind = CheckpointErrorKind.ConfigInvalid) =>
        new(kind, _file, "The key is missing.", Subject(key), expected);

    private string Subject(string key) => $"key '{_prefix}{key}'";

    private JsonElement? FindElement(string key) =>
        _object.TryGetProperty(key, out var element) && element.ValueKind != JsonValueKind.Null ? element : null;

    private string Decode(string key, JsonElement element)
    {
        if (element.ValueKind != JsonValueKind.String) throw Invalid(key, "a string");
        try
        {
            return element.GetString()!;
        }
        catch (InvalidOperationException)
        {
            // An unpaired surrogate escape.
            throw Invalid(key, "a string of valid characters");
        }
    }

    private static string Short(string text) => text.Length <= 100 ? text : $"{text[..100]}…";
}
