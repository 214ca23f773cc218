namespace InferenceServer.Access;

/// <summary>Marks an endpoint that answers without a key, and is not counted.</summary>
public sealed record OpenEndpoint;

/// <summary>Marks an endpoint whose requests do not count against a key's limit of requests.</summary>
public sealed record UncountedEndpoint;
