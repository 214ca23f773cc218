using System.Reflection;
using System.Text.Json.Serialization;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace InferenceServer.Swagger;

/// <summary>Describes a record that is one of several others by those, told apart by their <c>type</c>.</summary>
internal sealed class UnionFilter : ISchemaFilter
{
    public void Apply(IOpenApiSchema schema, SchemaFilterContext context)
    {
        var members = context.Type.GetCustomAttributes<JsonDerivedTypeAttribute>().Select(derived => derived.DerivedType).ToList();
        if (members.Count == 0 || schema is not OpenApiSchema found) return;
        found.Type = null;
        found.Properties = null;
        found.Required = null;
        found.AdditionalPropertiesAllowed = true;
        // Not oneOf with a discriminator: C# generators make classes of that which cannot be read, or not even compiled.
        found.AnyOf = [.. members.Select(type => (OpenApiSchemaReference)context.SchemaGenerator.GenerateSchema(type, context.SchemaRepository))
            .Select(member => new OpenApiSchemaReference(member.Reference.Id!))];
    }
}
