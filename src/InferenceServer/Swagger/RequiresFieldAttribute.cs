namespace InferenceServer.Swagger;

/// <summary>Says in the description that fields which the reader takes for optional, so that it can say what is wrong, are required.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class RequiresFieldAttribute(params string[] names) : Attribute
{
    public IReadOnlyList<string> Names => names;
}
