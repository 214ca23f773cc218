using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using InferenceServer.Hosting;

namespace InferenceServer.Requests;

/// <summary>How JSON is read and written: strictly, with snake_case names, and with thoughts under the configured name.</summary>
public sealed class WireFormat
{
    /// <summary>Nesting deeper than this is refused; no request has more than a few levels.</summary>
    public const int MaxDepth = 32;

    public WireFormat(ServerSettings settings) => Options = Create(settings.ReasoningField);

    public JsonSerializerOptions Options { get; }

    public JsonTypeInfo<T> Of<T>() => (JsonTypeInfo<T>)Options.GetTypeInfo(typeof(T));

    private static JsonSerializerOptions Create(string reasoningField)
    {
        var options = new JsonSerializerOptions
        {
            PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
            AllowDuplicateProperties = false,
            RespectNullableAnnotations = true,
            NumberHandling = JsonNumberHandling.Strict,
            MaxDepth = MaxDepth,
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            TypeInfoResolver = WireJson.Default.WithAddedModifier(type => Adapt(type, reasoningField)),
        };
        options.MakeReadOnly();
        return options;
    }

    private static void Adapt(JsonTypeInfo type, string reasoningField)
    {
        foreach (var property in type.Properties)
        {
            var attributes = property.AttributeProvider;
            if (attributes is null) continue;
            if (attributes.IsDefined(typeof(ThoughtFieldAttribute), false)) property.Name = reasoningField;
            if (attributes.IsDefined(typeof(StreamUsageAttribute), false))
                property.ShouldSerialize = static (chunk, usage) => usage is not null || ((IUsageChunk)chunk).ReportsUsage;
        }
    }
}

/// <summary>Marks the property that carries thoughts; the setting <c>Server:ReasoningField</c> names it.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class ThoughtFieldAttribute : Attribute;

/// <summary>Marks the usage of a chunk: null in all chunks but the last where it was asked for, absent where it was not.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class StreamUsageAttribute : Attribute;

/// <summary>A chunk that knows whether its stream reports usage.</summary>
public interface IUsageChunk
{
    bool ReportsUsage { get; }
}
