namespace InferenceServer.Errors;

/// <summary>
/// Leaves a handler whose stream failed after its head was sent: the web server then sends what was written and cuts the
/// connection without ending the body, which is how clients tell a broken stream from a complete one.
/// </summary>
public sealed class StreamCutException(string message) : Exception(message);
