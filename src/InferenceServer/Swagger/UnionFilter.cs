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
        var references = members.Select(type => (Type: type, Reference: (OpenApiSchemaReference)context.SchemaGenerator.GenerateSchema(type, context.SchemaRepository))).ToList();
        found.Type = null;
        found.Properties = null;
        found.Required = null;
        found.AdditionalPropertiesAllowed = true;
        found.OneOf = [.. references.Select(member => new OpenApiSchemaReference(member.Reference.Reference.Id!))];
        found.Discriminator = new OpenApiDiscriminator
        {
            PropertyName = "type",
            Mapping = references.SelectMany(member => StreamOperationFilter.Names(member.Type).Select(name => (name, member.Reference.Reference.Id)))
                .ToDictionary(pair => pair.name, pair => new OpenApiSchemaReference(pair.Id!)),
        };
    }
}
