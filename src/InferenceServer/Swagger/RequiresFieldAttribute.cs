namespace InferenceServer.Swagger;

/// <summary>Says in the description that a field, optional in other requests that share it, is required in this one.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class RequiresFieldAttribute(string name) : Attribute
{
    public string Name => name;
}
