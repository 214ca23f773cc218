using System.ComponentModel.DataAnnotations;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace InferenceServer.Swagger;

/// <summary>
/// Says of every field whether it is always there, whether it can be null and which words it can be, as the JSON is really read
/// and written. In a request, what may be left out may also be null. In an answer every field is there, null or not, but for
/// those that are left out in place of null.
/// </summary>
internal sealed class ExactSchemaFilter : ISchemaFilter
{
    public void Apply(IOpenApiSchema schema, SchemaFilterContext context)
    {
        if (context.MemberInfo is not null || schema is not OpenApiSchema { Properties: { Count: > 0 } properties } found) return;
        found.Required = new HashSet<string>();
        var nullability = new NullabilityInfoContext();
        var isRequest = context.Type.GetProperties().Any(property => property.IsDefined(typeof(JsonExtensionDataAttribute)));
        foreach (var property in context.Type.GetProperties())
        {
            var name = property.GetCustomAttribute<JsonPropertyNameAttribute>()?.Name ?? JsonNamingPolicy.SnakeCaseLower.ConvertName(property.Name);
            if (!properties.TryGetValue(name, out var value)) continue;
            var leftOut = property.GetCustomAttribute<JsonIgnoreAttribute>() is { Condition: JsonIgnoreCondition.WhenWritingNull };
            var required = isRequest || HasDefault(property) ? property.IsDefined(typeof(RequiredMemberAttribute)) : !leftOut && !IsOfUsage(property);
            var nullable = !leftOut && (IsNullable(property, nullability) || (isRequest && !required));
            if (required) found.Required.Add(name);
            properties[name] = Exact(value, nullable, property.GetCustomAttribute<AllowedValuesAttribute>(), isRequest);
            if (value is OpenApiSchema { Items: OpenApiSchema items } && HasNullableItems(property, nullability)) items.Type |= JsonSchemaType.Null;
        }

        foreach (var field in context.Type.GetCustomAttribute<RequiresFieldAttribute>()?.Names ?? [])
        {
            found.Required.Add(field);
            if (properties[field] is OpenApiSchema { Type: { } type } there) there.Type = type & ~JsonSchemaType.Null;
        }
    }

    private static IOpenApiSchema Exact(IOpenApiSchema schema, bool nullable, AllowedValuesAttribute? words, bool isRequest)
    {
        if (schema is OpenApiSchemaReference reference)
        {
            return nullable
                ? new OpenApiSchema { Description = reference.Description, OneOf = [new OpenApiSchemaReference(reference.Reference.Id!), new OpenApiSchema { Type = JsonSchemaType.Null }] }
                : reference;
        }

        var plain = (OpenApiSchema)schema;
        plain.ReadOnly = false; // a property without a setter is one all the same
        if (plain.Type is { } type) plain.Type = nullable ? type | JsonSchemaType.Null : type & ~JsonSchemaType.Null;
        if (words is not null) Limit(plain.Items as OpenApiSchema ?? plain, [.. words.Values.OfType<string>()], isRequest);
        return plain;
    }

    /// <summary>
    /// A word that never changes is a constant, which generators take for a literal or a string. Those that a client may send are
    /// a pattern: C# generators would make an enumeration of them and send its names, with a capital.
    /// </summary>
    internal static void Limit(OpenApiSchema schema, IReadOnlyList<string> words, bool isRequest)
    {
        if (words.Count == 1) schema.Const = words[0];
        else if (isRequest) schema.Pattern = $"^({string.Join('|', words.Select(Regex.Escape))})$";
        else schema.Enum = [.. words.Select(word => (JsonNode)word), .. schema.Type!.Value.HasFlag(JsonSchemaType.Null) ? [JsonNullSentinel.JsonNull] : Array.Empty<JsonNode>()];
    }

    private static bool IsNullable(PropertyInfo property, NullabilityInfoContext nullability) => property.PropertyType.IsValueType
        ? Nullable.GetUnderlyingType(property.PropertyType) is not null
        : nullability.Create(property).ReadState == NullabilityState.Nullable;

    private static bool HasNullableItems(PropertyInfo property, NullabilityInfoContext nullability) =>
        nullability.Create(property).GenericTypeArguments is [{ ReadState: NullabilityState.Nullable }];

    // The parameter of a record that a client may leave out.
    private static bool HasDefault(PropertyInfo property) => property.DeclaringType!.GetConstructors()
        .SelectMany(constructor => constructor.GetParameters())
        .Any(parameter => parameter.Name == property.Name && parameter.HasDefaultValue);

    private static bool IsOfUsage(PropertyInfo property) => property.IsDefined(typeof(Requests.StreamUsageAttribute));
}
